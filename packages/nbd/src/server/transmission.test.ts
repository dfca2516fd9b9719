import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BlockDevice, BlockPiece } from '../block-device.ts';
import { chunkType, commandFlag, commandType } from '../codec/constants.ts';
import { decodeSimpleReply } from '../codec/reply.ts';
import type { NbdRequest } from '../codec/request.ts';
import { NbdProtocolError } from '../errors.ts';
import { inPieces, pieceLengths } from '../testing/in-pieces.ts';
import { memoryDevice } from '../testing/memory-device.ts';
import { chunksOf, content, fakePeer, session, turns, wire } from '../testing/transmission-peer.ts';
import { defaultServerLimits } from './limits.ts';
import { Transmission } from './transmission.ts';

/** The data of each request, put together from its chunks. */
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

/** Half of the reads resolve later, as when blocks must be fetched. */
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

test.each(['a disconnect', 'the end of input'])(
  '%s takes effect after the reads that came before it',
  async (goodbye) => {
    const peer = fakePeer();
    peer.state.hold = true;
    const device = slowDevice(memoryDevice(content));
    const limits = { ...defaultServerLimits, inFlightBytesMax: 2000 };
    const transmission = new Transmission(session({ device }), peer, limits);
    // The first two are slow and fast; the third waits for room.
    const reads = [1, 2, 3].map((n) => wire({ offset: n, lengthBytes: 1000, cookie: BigInt(n) }));
    const disconnect = wire({ type: commandType.disconnect });
    transmission.push(
      Buffer.concat([...reads, ...(goodbye === 'a disconnect' ? [disconnect] : [])]),
    );
    if (goodbye === 'the end of input') transmission.endInput();
    expect(peer.state).toMatchObject({ leaving: false, ended: false });
    await turns();
    peer.release();
    await turns();
    expect(peer.state).toMatchObject({ leaving: true, ended: true });
    const before = peer.output().length;
    transmission.push(wire({ lengthBytes: 512, cookie: 9n }));
    await turns();
    expect(peer.output()).toHaveLength(before);
    expect(new Set(chunksOf(peer.output()).map(({ cookie }) => cookie))).toEqual(
      new Set([1n, 2n, 3n]),
    );
  },
);

test('half a request before the end of input is left out, and the connection ends', async () => {
  const peer = fakePeer();
  const transmission = new Transmission(session(), peer, defaultServerLimits);
  const write = wire({ type: commandType.write, lengthBytes: 100 });
  transmission.push(Buffer.concat([wire({ lengthBytes: 10 }), write, Buffer.alloc(99)]));
  transmission.endInput();
  await turns();
  expect(peer.state.ended).toBe(true);
  expect(chunksOf(peer.output()).map(({ cookie }) => cookie)).toEqual([1n]);
});

test('a write is refused when all of its payload has come, not before', async () => {
  const peer = fakePeer();
  const transmission = new Transmission(session(), peer, defaultServerLimits);
  const lengthBytes = 3_000_000;
  transmission.push(wire({ type: commandType.write, lengthBytes }));
  for (let sent = 0; sent < lengthBytes; sent += 100_000) {
    expect(peer.output()).toHaveLength(0);
    transmission.push(Buffer.alloc(100_000));
  }
  expect(chunksOf(peer.output()).map(({ type }) => type)).toEqual([chunkType.error]);
  transmission.push(wire({ lengthBytes: 5, cookie: 2n }));
  await turns();
  expect(chunksOf(peer.output()).map(({ cookie }) => cookie)).toEqual([1n, 2n]);
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
