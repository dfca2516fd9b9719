import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentIdBytes, contentIdHex } from '../format/content-id.ts';
import { ContentIndex, type ContentLocation } from './content-index.ts';

/** Few different first bytes, so that ids collide often. */
const anyId = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 40 }))
  .map(([home, rest]) =>
    Uint8Array.from({ length: contentIdBytes }, (_, at) => {
      if (at === 1) return home;
      return at < 5 ? 0 : rest;
    }),
  );

const anyLocation = fc.record({
  segment: fc.integer({ min: 1, max: 4 }),
  offset: fc.integer({ min: 0, max: 0xffff_ffff }),
  storedLength: fc.integer({ min: 1, max: 524_316 }),
  compressed: fc.boolean(),
});

const anyStep = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), id: anyId, location: anyLocation }),
  fc.record({ kind: fc.constant('delete' as const), id: anyId }),
);

const hexesOf = (index: ContentIndex, segment: number) =>
  index.entriesOf(segment).map(({ contentId }) => contentIdHex(contentId));

test('the index has what a Map would, as a whole and by segment', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 300 }), (steps) => {
      const index = new ContentIndex();
      const model = new Map<string, ContentLocation>();
      for (const step of steps) {
        if (step.kind === 'set') {
          index.set(step.id, step.location);
          model.set(contentIdHex(step.id), step.location);
        } else {
          index.delete(step.id);
          model.delete(contentIdHex(step.id));
        }
        expect(index.find(step.id)).toEqual(model.get(contentIdHex(step.id)));
      }
      for (const [hex, location] of model) {
        expect(index.find(Buffer.from(hex, 'hex'))).toEqual(location);
      }
      expect(index.size).toBe(model.size);
      for (const segment of [1, 2, 3, 4]) {
        const expected = [...model].filter(([, location]) => location.segment === segment);
        expect(hexesOf(index, segment).sort()).toEqual(expected.map(([hex]) => hex).sort());
      }
    }),
  );
});

function numberedId(number: number): Buffer {
  const id = Buffer.alloc(contentIdBytes, 7);
  id.writeUInt32LE(Math.imul(number, 2_654_435_761) >>> 0, 0);
  id.writeUInt32LE(number, 8);
  return id;
}

test('all that was set is found after growing many times', () => {
  const index = new ContentIndex();
  const count = 100_000;
  for (let number = 0; number < count; number += 1) {
    const location = { segment: 1, offset: number, storedLength: 1, compressed: false };
    index.set(numberedId(number), location);
  }
  let wrong = 0;
  for (let number = 0; number < count; number += 1) {
    if (index.find(numberedId(number))?.offset !== number) wrong += 1;
  }
  expect(wrong).toBe(0);
  expect(index.entriesOf(1)).toHaveLength(count);
});

test('a use is noted until the entry is deleted, and an earlier one does not replace it', () => {
  const index = new ContentIndex();
  const location = { segment: 1, offset: 0, storedLength: 1, compressed: false };
  const entry = index.set(numberedId(1), location);
  index.noteUse(entry, 5);
  index.noteUse(entry, 3);
  expect(index.usedAt(entry)).toBe(5);
  expect(index.set(numberedId(1), { ...location, offset: 9 })).toBe(entry);
  expect(index.usedAt(entry)).toBe(5);
  index.delete(numberedId(1));
  expect(index.usedAt(index.set(numberedId(2), location))).toBe(0);
});
