import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunkIdBytes, chunkIdHex } from './chunk-id.ts';
import { ChunkIndex, type ChunkLocation } from './chunk-index.ts';

/** Few different first bytes, so that runs of collisions come up. */
const anyId = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 40 }))
  .map(([home, rest]) =>
    Uint8Array.from({ length: chunkIdBytes }, (_, at) =>
      at < 4 ? home * (at === 0 ? 1 : 0) : rest,
    ),
  );

const anyLocation = fc.record({
  segment: fc.integer({ min: 1, max: 9 }),
  offset: fc.integer({ min: 0, max: 0xffff_ffff }),
  storedLength: fc.integer({ min: 1, max: 524_288 }),
  compressed: fc.boolean(),
});

const anyStep = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), id: anyId, location: anyLocation }),
  fc.record({ kind: fc.constant('delete' as const), id: anyId }),
);

test('the index answers what a Map would', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 300 }), (steps) => {
      const index = new ChunkIndex();
      const model = new Map<string, ChunkLocation>();
      for (const step of steps) {
        if (step.kind === 'set') {
          index.set(step.id, step.location);
          model.set(chunkIdHex(step.id), step.location);
        } else {
          index.delete(step.id);
          model.delete(chunkIdHex(step.id));
        }
        expect(index.find(step.id)).toEqual(model.get(chunkIdHex(step.id)));
      }
      for (const [hex, location] of model) {
        expect(index.find(Buffer.from(hex, 'hex'))).toEqual(location);
      }
      expect(index.size).toBe(model.size);
    }),
  );
});

test('all that was set is found after growing many times', () => {
  const index = new ChunkIndex();
  const idOf = (number: number) => {
    const id = Buffer.alloc(chunkIdBytes, 7);
    id.writeUInt32LE(Math.imul(number, 2_654_435_761) >>> 0, 0);
    id.writeUInt32LE(number, 8);
    return id;
  };
  for (let number = 0; number < 5_000; number += 1) {
    index.set(idOf(number), { segment: 1, offset: number, storedLength: 1, compressed: false });
  }
  const wrong = Array.from({ length: 5_000 }, (_, number) => number).filter(
    (number) => index.find(idOf(number))?.offset !== number,
  );
  expect(wrong).toEqual([]);
});
