import { hash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FourMessages, fourLaneHash } from './four-lane-hash.ts';
import { fourLaneModule } from './four-lane-module.ts';
import { scratchBytes } from './scratch-layout.ts';

const module = new WebAssembly.Module(fourLaneModule());
const turnsMax = 9;
const roomBytes = turnsMax * 64;

type Four<Each> = readonly [Each, Each, Each, Each];

function four<Each>(make: (lane: number) => Each): Four<Each> {
  return [make(0), make(1), make(2), make(3)];
}

/** The messages put where they are to be, hashed; the bytes around them are not zeros. */
function hashAt(messages: Four<Uint8Array>, offsets: Four<number>): string[] {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const bytes = Buffer.from(memory.buffer).fill(0xa5);
  const placed: FourMessages = four((lane) => {
    const [message, offset] = [messages[lane] ?? new Uint8Array(), offsets[lane] ?? 0];
    bytes.set(message, offset);
    return bytes.subarray(offset, offset + message.length);
  });
  return hexOf(fourLaneHash(module, memory, 0)(placed));
}

const hexOf = (digests: readonly Buffer[]) => digests.map((digest) => digest.toString('hex'));
const expected = (messages: readonly Uint8Array[]) =>
  messages.map((message) => hash('sha256', message));
const inARow = four((lane) => scratchBytes + lane * roomBytes);

const anyMessages = fc.integer({ min: 1, max: turnsMax }).chain((turns) => {
  const minLength = turns * 64;
  const message = fc.uint8Array({ minLength, maxLength: minLength });
  return fc.tuple(message, message, message, message);
});

test('four messages have the names that OpenSSL gives them', () => {
  fc.assert(
    fc.property(anyMessages, (messages) => {
      expect(hashAt(messages, inARow)).toEqual(expected(messages));
    }),
    { numRuns: 200 },
  );
});

test('every bit of a message counts, in every lane', () => {
  for (let bit = 0; bit < 512; bit += 1) {
    const messages = four(() => new Uint8Array(64));
    messages[bit % 4]?.set([1 << (bit & 7)], bit >> 3);
    expect(hashAt(messages, inARow)).toEqual(expected(messages));
  }
});

test('messages lie at any offset, in any order, and may be the same', () => {
  const anyOffset = fc.integer({ min: 0, max: 7 }).map((room) => scratchBytes + room * 640 + room);
  fc.assert(
    fc.property(anyMessages, fc.tuple(anyOffset, anyOffset, anyOffset, anyOffset), (all, at) => {
      // Those that share a place are the last one that was put there.
      const messages = four((lane) => all[at.lastIndexOf(at[lane] ?? 0)] ?? new Uint8Array());
      expect(hashAt(messages, at)).toEqual(expected(messages));
    }),
  );
});

test('an instance hashes again and again, with nothing left of the messages before', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const hashFour = fourLaneHash(module, memory, 0);
  for (const turns of [1, 9, 3, 8]) {
    const messages = four((lane) =>
      Buffer.from(memory.buffer, inARow[lane], turns * 64).fill(turns * 4 + lane),
    );
    expect(hexOf(hashFour(messages))).toEqual(expected(messages));
  }
});

test('blocks of 512 KiB, with the scratch behind them', () => {
  const blockBytes = 512 * 1024;
  const memory = new WebAssembly.Memory({ initial: 33, maximum: 33, shared: true });
  const blocks = four((lane) => {
    const block = Buffer.from(memory.buffer, lane * blockBytes, blockBytes);
    for (let at = 0; at < blockBytes; at += 1) block[at] = (at * (at >> 9) + 13 * lane) & 0xff;
    return block;
  });
  expect(hexOf(fourLaneHash(module, memory, 4 * blockBytes)(blocks))).toEqual(expected(blocks));
});

test('messages of broken turns, of several lengths or of another memory are refused', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const hashFour = fourLaneHash(module, memory, 0);
  const place = (lengthBytes: number) => Buffer.from(memory.buffer, 1024, lengthBytes);
  const good = place(64);
  expect(() => hashFour(four(() => place(0)))).toThrow(RangeError);
  expect(() => hashFour(four(() => place(65)))).toThrow(RangeError);
  expect(() => hashFour([good, good, good, place(128)])).toThrow(RangeError);
  expect(() => hashFour([good, good, good, Buffer.alloc(64)])).toThrow(RangeError);
});
