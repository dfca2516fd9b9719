import { expect, test } from 'vitest';
import { chunkType, commandFlag, commandType, errorCode } from '../codec/constants.ts';
import { decodeBlockStatus, decodeErrorPayload, decodeSimpleReply } from '../codec/reply.ts';
import type { NbdRequest } from '../codec/request.ts';
import { memoryDevice } from '../testing/memory-device.ts';
import { chunksOf, content, fakePeer, session, turns, wire } from '../testing/transmission-peer.ts';
import { defaultServerLimits } from './limits.ts';
import { Transmission } from './transmission.ts';

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
    await turns();
    expect(peer.output().length).toBeGreaterThan(before);
  }
});

test('flush and cache are acknowledged', async () => {
  const peer = fakePeer();
  const transmission = new Transmission(session(), peer, defaultServerLimits);
  transmission.push(wire({ type: commandType.flush }));
  transmission.push(wire({ type: commandType.cache, lengthBytes: 300_000 }));
  await turns();
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

test('a device that returns too little is EIO, never other bytes', () => {
  const peer = fakePeer();
  const device = { ...memoryDevice(content), read: () => [Buffer.alloc(511)] };
  const transmission = new Transmission(session({ device }), peer, defaultServerLimits);
  transmission.push(wire({ lengthBytes: 512 }));
  expect(chunksOf(peer.output()).map((chunk) => chunk.type)).toEqual([chunkType.error]);
});

test('an error message is cut to what the protocol allows', () => {
  const peer = fakePeer();
  const read = () => {
    throw new Error('\u{1f4a5}'.repeat(5000));
  };
  const device = { ...memoryDevice(content), read };
  new Transmission(session({ device }), peer, defaultServerLimits).push(wire({ lengthBytes: 512 }));
  const [chunk] = chunksOf(peer.output());
  const { message } = decodeErrorPayload(chunk?.payload ?? Buffer.alloc(0));
  expect(message).toBe('\u{1f4a5}'.repeat(1024));
});

test('block status reports data and zeros, within the request, as many as asked for', () => {
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
