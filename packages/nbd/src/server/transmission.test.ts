import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BlockDevice, BlockPiece } from '../block-device.ts';
import { chunkType, commandFlag, commandType, errorCode } from '../codec/constants.ts';
import {
  decodeBlockStatus,
  decodeChunkHeader,
  decodeErrorPayload,
  decodeSimpleReply,
} from '../codec/reply.ts';
import { encodeRequest, type NbdRequest } from '../codec/request.ts';
import { NbdProtocolError } from '../errors.ts';
import { inPieces, pieceLengths } from '../testing/in-pieces.ts';
import { memoryDevice } from '../testing/memory-device.ts';
import { defaultServerLimits } from './limits.ts';
import type { ServerSession } from './negotiate.ts';
import { Transmission } from './transmission.ts';

/** A peer that keeps what is written; `hold` delays the end of writes until `release`. */
function fakePeer() {
  const written: Uint8Array[] = [];
  const held: (() => void)[] = [];
  const state = { hold: false, paused: false, ended: false, errors: 0, writes: 0 };
  const failures: unknown[] = [];
  return {
    state,
    failures,
    fail(error: unknown) {
      failures.push(error);
    },
    output: () => Buffer.concat(written),
    release() {
      state.hold = false;
      for (const done of held.splice(0)) done();
    },
    write(buffers: readonly Uint8Array[], done: () => void) {
      state.writes += 1;
      // Copied: what is not kept may change as soon as `done` was called.
      for (const buffer of buffers) written.push(Buffer.from(buffer));
      if (state.hold) held.push(done);
      else queueMicrotask(done);
    },
    pause() {
      state.paused = true;
    },
    resume() {
      state.paused = false;
    },
    end() {
      state.ended = true;
    },
    onDeviceError() {
      state.errors += 1;
    },
  };
}

const content = Buffer.alloc(300_000);
content.write('start');
content.fill(7, 70_000, 180_000);
content.fill(9, 299_000);

function session(options: Partial<ServerSession> = {}): ServerSession {
  return { device: memoryDevice(content), structuredReplies: true, ...options };
}

function wire(request: Partial<NbdRequest>): Buffer {
  const bytes = Buffer.alloc(28);
  const whole = { flags: 0, type: commandType.read, cookie: 1n, offset: 0, lengthBytes: 0 };
  encodeRequest({ ...whole, ...request }, bytes);
  return bytes;
}

interface Chunk {
  readonly flags: number;
  readonly type: number;
  readonly cookie: bigint;
  readonly payload: Buffer;
}

function chunksOf(output: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < output.length; ) {
    const { lengthBytes, ...header } = decodeChunkHeader(output.subarray(at));
    chunks.push({ ...header, payload: output.subarray(at + 20, at + 20 + lengthBytes) });
    at += 20 + lengthBytes;
  }
  return chunks;
}

/** What the chunks of each request say together. */
function dataByCookie(output: Buffer, requests: readonly NbdRequest[]): Map<bigint, Buffer> {
  const data = new Map(requests.map((r) => [r.cookie, Buffer.alloc(r.lengthBytes, 0xee)]));
  const byCookie = new Map(requests.map((request) => [request.cookie, request]));
  for (const { type, cookie, payload } of chunksOf(output)) {
    const target = data.get(cookie) ?? Buffer.alloc(0);
    if (type === chunkType.none) continue;
    const at = Number(payload.readBigUInt64BE(0)) - (byCookie.get(cookie)?.offset ?? 0);
    if (type === chunkType.offsetHole) target.fill(0, at, at + payload.readUInt32BE(8));
    else payload.copy(target, at, 8);
  }
  return data;
}

async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Half the reads answer later, as when blocks must be fetched. */
function slowDevice(device: BlockDevice): BlockDevice {
  return {
    ...device,
    read(offset, lengthBytes) {
      const answer = device.read(offset, lengthBytes);
      if (offset % 2 === 0) return answer;
      return new Promise<readonly BlockPiece[]>((resolve) => {
        setImmediate(() => resolve(answer));
      });
    },
  };
}

const reads = fc
  .array(
    fc.record({
      offset: fc.nat({ max: content.length - 1 }),
      lengthBytes: fc.nat({ max: 100_000 }),
      flags: fc.constantFrom(0, commandFlag.df),
    }),
    { maxLength: 20 },
  )
  .map((ranges) =>
    ranges.map((range, index) => ({
      ...range,
      type: commandType.read,
      cookie: BigInt(index + 1),
      lengthBytes: Math.min(range.lengthBytes, content.length - range.offset),
    })),
  );

test('reads answer the bytes of the device, fast or slow, whatever the pieces of the input', async () => {
  await fc.assert(
    fc.asyncProperty(reads, pieceLengths, async (requests, lengths) => {
      const peer = fakePeer();
      const limits = { ...defaultServerLimits, inFlightBytesMax: 150_000 };
      const device = slowDevice(memoryDevice(content));
      const transmission = new Transmission(session({ device }), peer, limits);
      for (const piece of inPieces(Buffer.concat(requests.map(wire)), lengths)) {
        while (peer.state.paused) await turns(1);
        transmission.push(piece);
      }
      await turns(requests.length * 3 + 3);
      for (const [cookie, data] of dataByCookie(peer.output(), requests)) {
        const request = requests[Number(cookie) - 1];
        const end = (request?.offset ?? 0) + (request?.lengthBytes ?? 0);
        expect(Buffer.compare(data, content.subarray(request?.offset, end))).toBe(0);
      }
      const done = chunksOf(peer.output()).filter((chunk) => chunk.flags === 1);
      expect(new Set(done.map((chunk) => chunk.cookie)).size).toBe(requests.length);
      expect(done).toHaveLength(requests.length);
    }),
    { numRuns: 50 },
  );
});

test('zeros travel as holes, unless the client wants one chunk', () => {
  const [peer, unfragmented] = [fakePeer(), fakePeer()];
  new Transmission(session(), peer, defaultServerLimits).push(wire({ lengthBytes: 300_000 }));
  expect(chunksOf(peer.output()).map((chunk) => chunk.type)).toEqual([
    chunkType.offsetData,
    chunkType.offsetHole,
    chunkType.offsetData,
  ]);
  const request = wire({ lengthBytes: 300_000, flags: commandFlag.df });
  new Transmission(session(), unfragmented, defaultServerLimits).push(request);
  const [only, ...more] = chunksOf(unfragmented.output());
  expect(more).toEqual([]);
  expect(only?.payload.subarray(8).equals(content)).toBe(true);
});

test('without structured replies a read is answered by one header and all bytes', () => {
  const peer = fakePeer();
  const simple = session({ structuredReplies: false });
  const transmission = new Transmission(simple, peer, defaultServerLimits);
  transmission.push(wire({ lengthBytes: 300_000, cookie: 77n }));
  expect(decodeSimpleReply(peer.output())).toEqual({ error: 0, cookie: 77n });
  expect(peer.output().subarray(16).equals(content)).toBe(true);
});

test('many requests at once are answered in one write', () => {
  const peer = fakePeer();
  const transmission = new Transmission(session(), peer, defaultServerLimits);
  const requests = Array.from({ length: 64 }, (_, index) =>
    wire({ cookie: BigInt(index), offset: 70_000 + index * 2000, lengthBytes: 2000 }),
  );
  transmission.push(Buffer.concat(requests));
  expect(peer.state.writes).toBe(1);
  expect(new Set(chunksOf(peer.output()).map((chunk) => chunk.cookie)).size).toBe(64);
});

test.each([
  ['a read beyond the end', { offset: 299_999, lengthBytes: 2 }, errorCode.EINVAL],
  ['a read far beyond the end', { offset: 2 ** 60, lengthBytes: 1 }, errorCode.EINVAL],
  ['a read above the limit', { lengthBytes: 250_000 }, errorCode.EINVAL],
  ['a cache request above the limit', { type: 5, lengthBytes: 250_000 }, errorCode.EINVAL],
  ['a write', { type: commandType.write, lengthBytes: 0 }, errorCode.EPERM],
  ['a trim', { type: commandType.trim, lengthBytes: 512 }, errorCode.EPERM],
  ['zeroes', { type: commandType.writeZeroes, lengthBytes: 512, flags: 2 }, errorCode.EPERM],
  ['an unknown command', { type: 99 }, errorCode.EINVAL],
  ['flags that do not apply', { flags: commandFlag.reqOne, lengthBytes: 1 }, errorCode.EINVAL],
  ['block status without a context', { type: 7, lengthBytes: 512 }, errorCode.EINVAL],
])('is refused with its error, and the next request is served: %s', async (_, request, error) => {
  for (const structuredReplies of [true, false]) {
    const peer = fakePeer();
    const limits = { ...defaultServerLimits, requestBytesMax: 200_000 };
    const transmission = new Transmission(session({ structuredReplies }), peer, limits);
    transmission.push(wire(request));
    if (structuredReplies) {
      const [chunk] = chunksOf(peer.output());
      expect(decodeErrorPayload(chunk?.payload ?? Buffer.alloc(0))).toMatchObject({ error });
    } else {
      expect(decodeSimpleReply(peer.output()).error).toBe(error);
    }
    const before = peer.output().length;
    transmission.push(wire({ type: commandType.flush, cookie: 2n }));
    await turns(1);
    expect(peer.output().length).toBeGreaterThan(before);
  }
});

test('flush and cache are acknowledged', async () => {
  const peer = fakePeer();
  const transmission = new Transmission(session(), peer, defaultServerLimits);
  transmission.push(wire({ type: commandType.flush }));
  transmission.push(wire({ type: commandType.cache, lengthBytes: 300_000 }));
  await turns(1);
  expect(chunksOf(peer.output()).map((chunk) => chunk.type)).toEqual([0, 0]);
});

test.each([
  [
    'throws',
    () => {
      throw new Error('the disk is on fire');
    },
  ],
  ['rejects', () => Promise.reject(new Error('the disk is on fire'))],
])('a device that %s is EIO in its own words', async (_, read) => {
  const peer = fakePeer();
  const device = { ...memoryDevice(content), read };
  const transmission = new Transmission(session({ device }), peer, defaultServerLimits);
  transmission.push(wire({ lengthBytes: 512 }));
  await turns();
  const [chunk] = chunksOf(peer.output());
  expect(decodeErrorPayload(chunk?.payload ?? Buffer.alloc(0))).toEqual({
    error: errorCode.EIO,
    message: 'the disk is on fire',
  });
  expect(peer.state.errors).toBe(1);
});

test('a device that answers too little is EIO, never other bytes', () => {
  const peer = fakePeer();
  const device = { ...memoryDevice(content), read: () => [Buffer.alloc(511)] };
  const transmission = new Transmission(session({ device }), peer, defaultServerLimits);
  transmission.push(wire({ lengthBytes: 512 }));
  expect(chunksOf(peer.output()).map((chunk) => chunk.type)).toEqual([chunkType.error]);
});

test('block status tells data and zeros, within the request, as many as asked for', () => {
  const ask = (request: Partial<NbdRequest>) => {
    const peer = fakePeer();
    const limits = { ...defaultServerLimits, extentsMax: 3 };
    const chosen = session({ allocationContextId: 1 });
    new Transmission(chosen, peer, limits).push(
      wire({ type: commandType.blockStatus, ...request }),
    );
    const [chunk] = chunksOf(peer.output());
    return decodeBlockStatus(chunk?.payload ?? Buffer.alloc(0)).extents;
  };
  const block = 65_536;
  expect(ask({ offset: 1, lengthBytes: 299_999 })).toEqual([
    { lengthBytes: block - 1, flags: 0 },
    { lengthBytes: block, flags: 0 },
    { lengthBytes: block, flags: 0 },
  ]);
  expect(ask({ offset: 1, lengthBytes: 299_999, flags: commandFlag.reqOne })).toHaveLength(1);
  expect(ask({ offset: 3 * block, lengthBytes: 100 })).toEqual([{ lengthBytes: 100, flags: 3 }]);
  expect(ask({ offset: 262_144, lengthBytes: 100 })).toEqual([{ lengthBytes: 100, flags: 0 }]);
});

test('a client that does not take its answers is read no further, and goes on when it does', async () => {
  const peer = fakePeer();
  peer.state.hold = true;
  const limits = { ...defaultServerLimits, inFlightBytesMax: 50_000 };
  const transmission = new Transmission(session(), peer, limits);
  const request = (cookie: bigint) => wire({ cookie, offset: 70_000, lengthBytes: 20_000 });
  transmission.push(Buffer.concat([1n, 2n, 3n, 4n, 5n].map(request)));
  expect(peer.state.paused).toBe(true);
  expect(chunksOf(peer.output())).toHaveLength(2);
  peer.release();
  await turns();
  expect(peer.state.paused).toBe(false);
  expect(chunksOf(peer.output()).map((chunk) => chunk.cookie)).toEqual([1n, 2n, 3n, 4n, 5n]);
});

test('garbage behind a request that waits for room ends the connection when its turn comes', async () => {
  const peer = fakePeer();
  peer.state.hold = true;
  const limits = { ...defaultServerLimits, inFlightBytesMax: 50_000 };
  const transmission = new Transmission(session(), peer, limits);
  const request = wire({ lengthBytes: 40_000 });
  transmission.push(Buffer.concat([request, request, Buffer.alloc(28)]));
  expect(peer.failures).toEqual([]);
  peer.release();
  await turns();
  expect(peer.failures).toEqual([expect.any(NbdProtocolError)]);
});

test('a disconnect is honoured after the reads that came before it', async () => {
  const peer = fakePeer();
  const device = slowDevice(memoryDevice(content));
  const transmission = new Transmission(session({ device }), peer, defaultServerLimits);
  const disconnect = wire({ type: commandType.disconnect });
  transmission.push(Buffer.concat([wire({ offset: 1, lengthBytes: 512 }), disconnect]));
  expect(peer.state.ended).toBe(false);
  transmission.push(wire({ lengthBytes: 512, cookie: 9n }));
  await turns();
  expect(peer.state.ended).toBe(true);
  expect(chunksOf(peer.output()).map((chunk) => chunk.cookie)).toEqual([1n]);
});

test('the device rests when stop has resolved', async () => {
  let resolveRead: (pieces: BlockPiece[]) => void = () => {};
  const device = {
    ...memoryDevice(content),
    read: () =>
      new Promise<BlockPiece[]>((resolve) => {
        resolveRead = resolve;
      }),
  };
  const transmission = new Transmission(session({ device }), fakePeer(), defaultServerLimits);
  transmission.push(wire({ lengthBytes: 512 }));
  let stopped = false;
  const stopping = transmission.stop().then(() => {
    stopped = true;
  });
  await turns();
  expect(stopped).toBe(false);
  resolveRead([{ zeroBytes: 512 }]);
  await stopping;
});

test('garbage ends in NbdProtocolError or in replies, never in another error', async () => {
  const frame = fc.oneof(
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    fc
      .record({
        flags: fc.nat({ max: 0xffff }),
        type: fc.nat({ max: 10 }),
        cookie: fc.constant(1n),
        offset: fc.oneof(fc.nat({ max: 400_000 }), fc.maxSafeNat()),
        lengthBytes: fc.oneof(fc.nat({ max: 1000 }), fc.nat({ max: 0xffffffff })),
      })
      .map((request) => wire(request)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(frame), pieceLengths, async (frames, lengths) => {
      const chosen = session({ allocationContextId: 1 });
      const peer = fakePeer();
      const limits = { ...defaultServerLimits, inFlightBytesMax: 2000 };
      const transmission = new Transmission(chosen, peer, limits);
      for (const piece of inPieces(Buffer.concat(frames), lengths)) {
        if (!peer.state.paused) transmission.push(piece);
      }
      await turns(5);
      expect(peer.failures.length).toBeLessThanOrEqual(1);
      for (const error of peer.failures) expect(error).toBeInstanceOf(NbdProtocolError);
    }),
  );
});
