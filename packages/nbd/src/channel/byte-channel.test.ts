import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NbdProtocolError } from '../errors.ts';
import { ByteChannel, hungUp } from './byte-channel.ts';

const silent = { send: () => {} };

test('reads see the bytes in order, however they come', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 })),
      fc.array(fc.integer({ min: 0, max: 30 })),
      async (chunks, lengths) => {
        const all = Buffer.concat(chunks);
        const channel = new ByteChannel(silent, 1000);
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
  const channel = new ByteChannel(silent, 100);
  channel.feed(Buffer.alloc(90));
  channel.feed(Buffer.alloc(90));
  await expect(channel.readExactly(1000)).rejects.toBeInstanceOf(NbdProtocolError);
});

test.each(['end', 'fail'] as const)(
  'bytes that came before the %s can still be read',
  async (how) => {
    const channel = new ByteChannel(silent, 100);
    channel.feed(Buffer.from('last words'));
    channel[how](hungUp('the test'));
    expect(`${await channel.readExactly(10)}`).toBe('last words');
    await expect(channel.readExactly(1)).rejects.toThrow(/closed the connection/);
  },
);

test('a peer with a flow is paused while too much waits, and resumed when it was read', async () => {
  const calls: string[] = [];
  const flow = { pause: () => calls.push('pause'), resume: () => calls.push('resume') };
  const channel = new ByteChannel({ ...silent, flow }, 100);
  channel.feed(Buffer.alloc(90));
  channel.feed(Buffer.alloc(90));
  expect(calls).toEqual(['pause']);
  await channel.readExactly(50);
  expect(calls).toEqual(['pause']);
  await channel.readExactly(50);
  expect(calls).toEqual(['pause', 'resume']);
  channel.feed(Buffer.alloc(90));
  expect(channel.takeRest()).toHaveLength(170);
  expect(calls).toEqual(['pause', 'resume', 'pause', 'resume']);
});

test('a peer that only stopped sending still gets what is written; a lost one does not', () => {
  const sent: string[] = [];
  const channel = new ByteChannel({ send: (bytes) => sent.push(`${bytes}`) }, 100);
  channel.end(hungUp('the test'));
  channel.write(Buffer.from('a'));
  channel.fail(hungUp('the test'));
  channel.write(Buffer.from('b'));
  expect(sent).toEqual(['a']);
});

test('skipping holds no more than the limit', async () => {
  const channel = new ByteChannel(silent, 100);
  const skipped = channel.skip(1000);
  for (let count = 0; count < 11; count++) {
    channel.feed(Buffer.alloc(91, count));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await skipped;
  expect(channel.takeRest()).toEqual(Buffer.alloc(1, 10));
});
