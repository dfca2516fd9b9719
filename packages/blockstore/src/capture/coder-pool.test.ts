import { hash, randomBytes } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { blockSizeBytes } from '../format/block-size.ts';
import type { CoderSlot } from './coder-memory.ts';
import { CoderPool } from './coder-pool.ts';
import { unpackBlock } from './pack-block.ts';

const pool = new CoderPool(1);
afterAll(() => pool.close());

type Content = 'text' | 'noise';

function fill(slot: CoderSlot, content: Content): void {
  if (content === 'text') slot.raw.fill(`block ${slot.number} `);
  else slot.raw.set(randomBytes(blockSizeBytes));
}

/** Borrows a slot for each content and asks for all names in the same moment, so that the thread finds them waiting. */
async function nameTogether(contents: readonly Content[]): Promise<void> {
  let waiting = contents.length;
  const { promise: allFilled, resolve } = Promise.withResolvers<void>();
  await Promise.all(
    contents.map((content) =>
      pool.withSlot(async (slot) => {
        fill(slot, content);
        waiting -= 1;
        if (waiting === 0) resolve();
        await allFilled;
        expect(await pool.ask({ kind: 'name', slot: slot.number })).toBe(0);
        await expectNamed(slot, content);
      }),
    ),
  );
}

async function expectNamed(slot: CoderSlot, content: Content): Promise<void> {
  expect(slot.chunkId.toString('hex')).toBe(hash('sha256', slot.raw));
  const packedLength = await pool.ask({ kind: 'pack', slot: slot.number });
  if (content === 'noise') return expect(packedLength).toBe(blockSizeBytes);
  expect(unpackBlock(slot.packed.subarray(0, packedLength)).equals(slot.raw)).toBe(true);
}

test.each([1, 2, 3, 4, 5, 12])('%i blocks asked for at once get their own names', async (count) => {
  const kinds = ['text', 'noise', 'text'] as const;
  const contents = Array.from({ length: count }, (_, at) => kinds[at % kinds.length] ?? 'text');
  await nameTogether(contents);
});

test('a block is checked between others that are named', async () => {
  const named = nameTogether(['text', 'noise', 'text', 'text']);
  const checked = pool.withSlot(async (slot) => {
    slot.packed.fill(7);
    slot.chunkId.set(hash('sha256', slot.packed, 'buffer'));
    const whole = { kind: 'check', slot: slot.number, packedLength: blockSizeBytes } as const;
    expect(await pool.ask({ ...whole, compressed: false })).toBe(1);
    expect(slot.raw.equals(slot.packed)).toBe(true);
    slot.packed[99] = 8;
    expect(await pool.ask({ ...whole, compressed: false })).toBe(0);
    expect(await pool.ask({ ...whole, compressed: true })).toBe(0);
  });
  await Promise.all([named, checked]);
});
