import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NbdProtocolError } from '../errors.ts';
import { ByteChannel, hungUp } from './byte-channel.ts';

test('reads see the bytes in order, however they come', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 })),
      fc.array(fc.integer({ min: 0, max: 30 })),
      async (chunks, lengths) => {
        const all = Buffer.concat(chunks);
        const channel = new ByteChannel(() => {}, 1000);
        const reading = (async () => {
          const parts: Buffer[] = [];
          for (const length of lengths) parts.push(Buffer.from(await channel.readExactly(length)));
          return parts;
        })().catch(() => undefined);
        for (const chunk of chunks) {
          channel.feed(Buffer.from(chunk));
          await Promise.resolve();
        }
        channel.fail(hungUp('the test'));
        const wanted = lengths.reduce((sum, length) => sum + length, 0);
        const parts = await reading;
        if (wanted > all.length) expect(parts).toBeUndefined();
        else expect(Buffer.concat([...(parts ?? []), channel.takeRest()])).toEqual(all);
      },
    ),
  );
});

test('a peer that sends without end is a protocol error, not memory', async () => {
  const channel = new ByteChannel(() => {}, 100);
  channel.feed(Buffer.alloc(90));
  channel.feed(Buffer.alloc(90));
  await expect(channel.readExactly(1000)).rejects.toBeInstanceOf(NbdProtocolError);
});

test('bytes that came before the end can still be read', async () => {
  const channel = new ByteChannel(() => {}, 100);
  channel.feed(Buffer.from('last words'));
  channel.fail(hungUp('the test'));
  expect(`${await channel.readExactly(10)}`).toBe('last words');
  await expect(channel.readExactly(1)).rejects.toThrow(/closed the connection/);
});

test('skipping holds no more than the limit', async () => {
  const channel = new ByteChannel(() => {}, 100);
  const skipped = channel.skip(1000);
  for (let count = 0; count < 11; count++) {
    channel.feed(Buffer.alloc(91, count));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await skipped;
  expect(channel.takeRest()).toEqual(Buffer.alloc(1, 10));
});
