import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { baseAllocation, chunkFlag, chunkType } from '../codec/constants.ts';
import {
  encodeBlockStatus,
  encodeChunkHeader,
  encodeDataOffset,
  encodeErrorPayload,
  encodeHole,
  encodeSimpleReply,
} from '../codec/reply.ts';
import { NbdConnectionError, NbdProtocolError, NbdServerError } from '../errors.ts';
import { defaultServerLimits } from '../server/limits.ts';
import { Transmission } from '../server/transmission.ts';
import { inPieces, pieceLengths } from '../testing/in-pieces.ts';
import { memoryDevice } from '../testing/memory-device.ts';
import { CommandChannel } from './command-channel.ts';
import { nbdClient } from './nbd-client.ts';
import type { SocketListener } from './nbd-socket.ts';
import type { ClientSession } from './negotiate.ts';

/** A connection whose server is the test. */
function fakeSocket() {
  const written: Buffer[] = [];
  let listener: SocketListener | undefined;
  const close = (error: Error) => {
    const hears = listener;
    listener = undefined;
    hears?.onClosed(error);
  };
  return {
    written,
    onWrite: (_: Buffer) => {},
    /** What a real socket does with the bytes that come: whatever the listener throws ends it. */
    say(bytes: Buffer) {
      try {
        listener?.onBytes(bytes);
      } catch (error) {
        close(error instanceof Error ? error : new Error(String(error)));
      }
    },
    listen(to: SocketListener) {
      listener = to;
    },
    write(bytes: Buffer) {
      written.push(bytes);
      this.onWrite(bytes);
    },
    destroy: close,
    end(bytes: Buffer, error: Error) {
      written.push(bytes);
      close(error);
    },
  };
}

const sizeBytes = 500_000;

function sessionOf(options: Partial<ClientSession> = {}): ClientSession {
  return {
    exportInfo: { sizeBytes, transmissionFlags: 3 },
    structuredReplies: true,
    requestBytesMax: 100_000,
    alignmentBytes: 1,
    contexts: new Map([[5, baseAllocation]]),
    ...options,
  };
}

const limits = { timeoutMs: 1000, inFlightRequestsMax: 4, inFlightBytesMax: 200_000 };

function open(options: Partial<ClientSession> = {}) {
  const socket = fakeSocket();
  const session = sessionOf(options);
  const commands = new CommandChannel(socket, session, limits);
  return { socket, commands, client: nbdClient(commands, session) };
}

const content = Buffer.alloc(sizeBytes);
content.fill(3, 100, 150_000);
content.fill(5, 400_000, 500_000);

/** A client whose server is ours, in memory, a few bytes at a time. */
function openAgainstOurs(lengths: readonly number[], structuredReplies: boolean) {
  const opened = open({ structuredReplies, contexts: new Map([[1, baseAllocation]]) });
  const server = new Transmission(
    { device: memoryDevice(content), structuredReplies, allocationContextId: 1 },
    {
      write(buffers, done) {
        const bytes = Buffer.concat(buffers);
        setImmediate(() => {
          for (const piece of inPieces(bytes, lengths)) opened.socket.say(piece);
          done();
        });
      },
      pause: () => {},
      resume: () => {},
      leaving: () => {},
      end: () => {},
      fail: () => {},
      onDeviceError: () => {},
    },
    { ...defaultServerLimits, extentsMax: 2 },
  );
  opened.socket.onWrite = (bytes) => setImmediate(() => server.push(bytes));
  return opened.client;
}

test('our client reads from our server what the device holds, structured or not', async () => {
  const ranges = fc.array(
    fc.record({ offset: fc.nat({ max: sizeBytes }), lengthBytes: fc.nat({ max: 300_000 }) }),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(ranges, pieceLengths, fc.boolean(), async (asked, lengths, structured) => {
      const client = openAgainstOurs(
        lengths.map((length) => length * 97),
        structured,
      );
      await Promise.all(
        asked.map(async ({ offset, lengthBytes }) => {
          const length = Math.min(lengthBytes, sizeBytes - offset);
          const bytes = await client.read(offset, length);
          expect(Buffer.compare(bytes, content.subarray(offset, offset + length))).toBe(0);
        }),
      );
    }),
    { numRuns: 40 },
  );
});

test('block status covers the export without gaps, equal neighbours joined', async () => {
  const ranges: unknown[] = [];
  for await (const range of openAgainstOurs([13], true).blockStatus(baseAllocation)) {
    ranges.push(range);
  }
  expect(ranges).toEqual([
    { offset: 0, lengthBytes: 196_608, flags: 0 },
    { offset: 196_608, lengthBytes: 196_608, flags: 3 },
    { offset: 393_216, lengthBytes: sizeBytes - 393_216, flags: 0 },
  ]);
});

test('a server that wants aligned requests gets them', async () => {
  const { socket, client } = open({ alignmentBytes: 512 });
  const read = client.read(700, 400);
  await sent(socket.written, 1);
  expect(socket.written[0]?.readBigUInt64BE(16)).toBe(512n);
  expect(socket.written[0]?.readUInt32BE(24)).toBe(1024);
  socket.say(data(1n, 512, Buffer.from(Array.from({ length: 1024 }, (_, i) => (512 + i) % 251))));
  const expected = Array.from({ length: 400 }, (_, index) => (700 + index) % 251);
  expect([...(await read)]).toEqual(expected);
});

test('no more is under way than the limits allow', async () => {
  const { socket, client } = open();
  const reads = Array.from({ length: 10 }, (_, index) => client.read(index * 1000, 10));
  await sent(socket.written, 4);
  for (let cookie = 1n; cookie <= 10n; cookie++) {
    await sent(socket.written, Number(cookie), 10);
    socket.say(data(cookie, (Number(cookie) - 1) * 1000, Buffer.alloc(10, Number(cookie))));
  }
  expect((await Promise.all(reads)).map((bytes) => bytes[0])).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
  ]);
});

/** Requests leave within a turn or two of the event loop. */
async function sent(written: readonly Buffer[], least: number, most = least): Promise<void> {
  for (let turn = 0; turn < 5 && written.length < least; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(written.length).toBeGreaterThanOrEqual(least);
  expect(written.length).toBeLessThanOrEqual(most);
}

function chunk(
  cookie: bigint,
  type: number,
  payload: Buffer,
  flags: number = chunkFlag.done,
): Buffer {
  const header = Buffer.alloc(20);
  encodeChunkHeader({ cookie, type, flags, lengthBytes: payload.length }, header);
  return Buffer.concat([header, payload]);
}

function data(
  cookie: bigint,
  offset: number,
  bytes: Buffer,
  flags: number = chunkFlag.done,
): Buffer {
  const at = Buffer.alloc(8);
  encodeDataOffset(offset, at);
  return chunk(cookie, chunkType.offsetData, Buffer.concat([at, bytes]), flags);
}

function hole(cookie: bigint, offset: number, lengthBytes: number): Buffer {
  const payload = Buffer.alloc(12);
  encodeHole({ offset, lengthBytes }, payload);
  return chunk(cookie, chunkType.offsetHole, payload);
}

function simple(cookie: bigint, error: number): Buffer {
  const bytes = Buffer.alloc(16);
  encodeSimpleReply({ cookie, error }, bytes);
  return bytes;
}

const tenBytes = Buffer.alloc(10, 1);
const status = (contextId: number, lengthBytes: number) =>
  chunk(
    1n,
    chunkType.blockStatus,
    encodeBlockStatus({ contextId, extents: [{ lengthBytes, flags: 0 }] }),
  );

/** A read of 100+10 is under way under cookie 1. */
test.each([
  ['bad magic', Buffer.from('garbage and more garbage')],
  ['a cookie that is not in use', data(2n, 100, tenBytes)],
  ['data before the range', data(1n, 99, tenBytes)],
  ['data beyond the range', data(1n, 105, tenBytes)],
  ['more data than asked for', data(1n, 100, Buffer.alloc(11))],
  ['data twice', Buffer.concat([data(1n, 100, tenBytes, 0), data(1n, 100, tenBytes)])],
  ['a last chunk with data missing', data(1n, 100, Buffer.alloc(9))],
  ['success without data', chunk(1n, chunkType.none, Buffer.alloc(0))],
  ['an empty chunk that is not the last', chunk(1n, chunkType.none, Buffer.alloc(0), 0)],
  ['a hole beyond the range', hole(1n, 100, 11)],
  ['a hole of no bytes', hole(1n, 100, 0)],
  ['block status for a read', status(5, 10)],
  ['an unknown chunk', chunk(1n, 77, tenBytes)],
  ['a simple reply with data', simple(1n, 0)],
  ['an error chunk without an error', chunk(1n, chunkType.error, Buffer.alloc(6))],
  ['an error chunk without end', chunk(1n, chunkType.error, Buffer.alloc(70_000))],
  ['errors without end', Buffer.concat(Array.from({ length: 2000 }, () => endlessError()))],
])('what a server must not say ends the connection: %s', async (_, said) => {
  for (const lengths of [[1], [1 << 20]]) {
    const { socket, client } = open();
    const read = client.read(100, 10).catch((error: unknown) => error);
    await sent(socket.written, 1);
    for (const piece of inPieces(said, lengths)) socket.say(piece);
    expect(await read).toBeInstanceOf(NbdProtocolError);
    await expect(client.read(0, 1)).rejects.toBeInstanceOf(NbdProtocolError);
  }
});

function endlessError(): Buffer {
  return chunk(1n, chunkType.error, encodeErrorPayload({ error: 5, message: '' }), 0);
}

test.each([
  ['another context', status(6, 10)],
  ['beyond the end of the disk', status(5, sizeBytes + 1)],
  ['no extents', chunk(1n, chunkType.blockStatus, Buffer.from([0, 0, 0, 5]))],
  ['no context at all', chunk(1n, chunkType.none, Buffer.alloc(0))],
  ['data', data(1n, 0, tenBytes)],
])('what a block status reply must not say is a protocol error: %s', async (_, said) => {
  const { socket, client } = open();
  const ranges = client.blockStatus(baseAllocation)[Symbol.asyncIterator]();
  const first = ranges.next().catch((error: unknown) => error);
  await sent(socket.written, 1);
  socket.say(said);
  expect(await first).toBeInstanceOf(NbdProtocolError);
});

test('an error of the server rejects that read alone', async () => {
  const { socket, client } = open();
  const [bad, good] = [client.read(100, 10), client.read(200, 10)];
  const rejected = expect(bad).rejects.toThrow(/read of 100\+10 failed: EIO \(bad sector\)/);
  await sent(socket.written, 2);
  const payload = encodeErrorPayload({ error: 5, message: 'bad sector' });
  socket.say(chunk(1n, chunkType.error, payload));
  await rejected;
  await expect(bad).rejects.toBeInstanceOf(NbdServerError);
  socket.say(data(2n, 200, tenBytes));
  expect(Buffer.compare(await good, tenBytes)).toBe(0);
});

test('garbage never ends in anything but our errors, and never in a read that succeeds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const { socket, client } = open();
      const read = client.read(100, 10).catch((error: unknown) => error);
      await sent(socket.written, 1);
      socket.say(Buffer.concat([Buffer.from('668e33ef', 'hex'), Buffer.from(bytes)]));
      socket.destroy(new NbdConnectionError('the end'));
      const error = await read;
      expect([NbdProtocolError, NbdConnectionError].some((kind) => error instanceof kind)).toBe(
        true,
      );
    }),
  );
});

test('closing says good-bye and rejects what is under way', async () => {
  const { socket, client } = open();
  const read = client.read(0, 10).catch((error: unknown) => error);
  await sent(socket.written, 1);
  await client.close();
  await client.close();
  expect(socket.written[1]?.readUInt16BE(6)).toBe(2);
  expect(await read).toBeInstanceOf(NbdConnectionError);
});

test.each([
  [-1, 10],
  [0, -1],
  [sizeBytes, 1],
  [0.5, 1],
  [Number.NaN, 1],
])('a read at %d of %d bytes is refused before it is sent', async (offset, lengthBytes) => {
  const { socket, client } = open();
  await expect(client.read(offset, lengthBytes)).rejects.toThrow(RangeError);
  expect(socket.written).toEqual([]);
});

test('a context that was not granted cannot be asked for', async () => {
  const ranges = open().client.blockStatus('qemu:allocation-depth')[Symbol.asyncIterator]();
  await expect(ranges.next()).rejects.toThrow(/did not grant/);
});

test('a request without its whole answer in time ends the connection, however slowly bytes come', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const { socket, client } = open();
    const read = client.read(100, 10).catch((error: unknown) => error);
    await Promise.resolve();
    await Promise.resolve();
    expect(socket.written).toHaveLength(1);
    for (const piece of inPieces(data(1n, 100, tenBytes).subarray(0, 11), [1])) {
      socket.say(piece);
      vi.advanceTimersByTime(100);
    }
    expect(await read).toBeInstanceOf(NbdConnectionError);
    expect(String(await read)).toMatch(/no reply for 100\+10 within 1000 ms/);
  } finally {
    vi.useRealTimers();
  }
});
