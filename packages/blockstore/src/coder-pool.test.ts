import { hash, randomBytes } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { blockSizeBytes } from './block-size.ts';
import type { CoderSlot } from './coder-memory.ts';
import { CoderPool } from './coder-pool.ts';
import { allZeros } from './coder-task.ts';
import { unpackBlock } from './pack-block.ts';

const pool = new CoderPool(1);
afterAll(() => pool.close());

type Content = 'zeros' | 'text' | 'noise';

function fill(slot: CoderSlot, content: Content): void {
  if (content === 'zeros') slot.raw.fill(0);
  else if (content === 'text') slot.raw.fill(`block ${slot.number} `);
  else slot.raw.set(randomBytes(blockSizeBytes));
}

/** Borrows a slot for each content and asks for all names in the same moment, so that the thread finds them waiting. */
async function nameTogether(contents: readonly Content[], packToo: boolean): Promise<void> {
  let waiting = contents.length;
  const { promise: allFilled, resolve } = Promise.withResolvers<void>();
  await Promise.all(
    contents.map((content) =>
      pool.withSlot(async (slot) => {
        fill(slot, content);
        waiting -= 1;
        if (waiting === 0) resolve();
        await allFilled;
        const answer = await pool.ask({ kind: 'name', slot: slot.number, packToo });
        await expectNamed(slot, { content, answer, packToo });
      }),
    ),
  );
}

async function expectNamed(
  slot: CoderSlot,
  asked: { readonly content: Content; readonly answer: number; readonly packToo: boolean },
): Promise<void> {
  if (asked.content === 'zeros') return expect(asked.answer).toBe(allZeros);
  expect(slot.chunkId.toString('hex')).toBe(hash('sha256', slot.raw));
  if (!asked.packToo) expect(asked.answer).toBe(0);
  const packedLength = asked.packToo
    ? asked.answer
    : await pool.ask({ kind: 'pack', slot: slot.number });
  if (asked.content === 'noise') return expect(packedLength).toBe(blockSizeBytes);
  expect(unpackBlock(slot.packed.subarray(0, packedLength)).equals(slot.raw)).toBe(true);
}

test.each([1, 2, 3, 4, 5, 12])('%i blocks asked for at once get their own names', async (count) => {
  const kinds = ['text', 'noise', 'text'] as const;
  const contents = Array.from({ length: count }, (_, at) => kinds[at % kinds.length] ?? 'text');
  await nameTogether(contents, true);
  await nameTogether(contents, false);
});

test('blocks of zeros among others are told from them', async () => {
  await nameTogether(['text', 'zeros', 'noise', 'text', 'zeros', 'zeros', 'text'], true);
  await nameTogether(['zeros', 'zeros', 'zeros', 'zeros'], true);
});

test('a block is checked between others that are named', async () => {
  const named = nameTogether(['text', 'noise', 'text', 'text'], true);
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
