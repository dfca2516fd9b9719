import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NbdProtocolError } from '../errors.ts';
import { ByteCursor } from './byte-cursor.ts';
import { handshakeFlag } from './constants.ts';
import {
  decodeClientFlags,
  decodeExportInfo,
  decodeGreeting,
  encodeClientFlags,
  encodeExportInfo,
  encodeExportNameReply,
  encodeGreeting,
} from './handshake.ts';
import {
  decodeOptionHeader,
  decodeOptionReplyHeader,
  encodeOption,
  encodeOptionReply,
} from './option.ts';
import {
  decodeInfo,
  decodeInfoRequest,
  decodeMetaContext,
  decodeMetaContextRequest,
  encodeBlockSizeInfo,
  encodeExportInfoReply,
  encodeInfoRequest,
  encodeMetaContext,
  encodeMetaContextRequest,
  encodeNameInfo,
} from './option-data.ts';
import {
  decodeBlockStatus,
  decodeChunkHeader,
  decodeErrorPayload,
  decodeHole,
  decodeSimpleReply,
  encodeBlockStatus,
  encodeChunkHeader,
  encodeErrorPayload,
  encodeHole,
  encodeSimpleReply,
} from './reply.ts';
import { decodeRequest, encodeRequest } from './request.ts';

const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const cookie = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const offset = fc.maxSafeNat();
const name = fc
  .string({ unit: 'binary', maxLength: 500 })
  .filter((text) => text.isWellFormed() && !text.includes('\0'));

/** Encoding into the middle of a buffer, and what is there. */
function encodedAt(lengthBytes: number, encode: (target: Buffer, at: number) => void): Buffer {
  const target = Buffer.alloc(lengthBytes + 16, 0xaa);
  encode(target, 8);
  expect(target.subarray(0, 8)).toEqual(Buffer.alloc(8, 0xaa));
  expect(target.subarray(8 + lengthBytes)).toEqual(Buffer.alloc(8, 0xaa));
  return target.subarray(8, 8 + lengthBytes);
}

function law<Value>(values: fc.Arbitrary<Value>, roundTrip: (value: Value) => unknown): void {
  fc.assert(
    fc.property(values, (value) => {
      expect(roundTrip(value)).toEqual(value);
    }),
  );
}

describe('what is encoded decodes to itself', () => {
  test('requests', () => {
    law(
      fc.record({ flags: uint16, type: uint16, cookie, offset, lengthBytes: uint32 }),
      (request) => decodeRequest(encodedAt(28, (target, at) => encodeRequest(request, target, at))),
    );
  });

  test('simple replies', () => {
    law(fc.record({ error: uint32, cookie }), (reply) =>
      decodeSimpleReply(encodedAt(16, (target, at) => encodeSimpleReply(reply, target, at))),
    );
  });

  test('chunk headers', () => {
    law(fc.record({ flags: uint16, type: uint16, cookie, lengthBytes: uint32 }), (header) =>
      decodeChunkHeader(encodedAt(20, (target, at) => encodeChunkHeader(header, target, at))),
    );
  });

  test('holes', () => {
    law(fc.record({ offset, lengthBytes: uint32 }), (hole) =>
      decodeHole(encodedAt(12, (target, at) => encodeHole(hole, target, at))),
    );
  });

  test('errors', () => {
    law(fc.record({ error: fc.integer({ min: 1, max: 0xffffffff }), message: name }), (error) =>
      decodeErrorPayload(encodeErrorPayload(error)),
    );
  });

  test('block status', () => {
    const lengthBytes = fc.integer({ min: 1, max: 0xffffffff });
    law(
      fc.record({
        contextId: uint32,
        extents: fc.array(fc.record({ lengthBytes, flags: uint32 }), { minLength: 1 }),
      }),
      (status) => decodeBlockStatus(encodeBlockStatus(status)),
    );
  });

  test('requests for information', () => {
    law(fc.record({ exportName: name, infoTypes: fc.array(uint16) }), (request) =>
      decodeInfoRequest(encodeInfoRequest(request)),
    );
  });

  test('requests for metadata contexts', () => {
    law(fc.record({ exportName: name, queries: fc.array(name) }), (request) =>
      decodeMetaContextRequest(encodeMetaContextRequest(request)),
    );
  });

  test('metadata contexts', () => {
    law(fc.record({ id: uint32, name }), (context) =>
      decodeMetaContext(encodeMetaContext(context)),
    );
  });

  test('exports and their names', () => {
    law(fc.record({ sizeBytes: offset, transmissionFlags: uint16 }), (info) =>
      decodeExportInfo(new ByteCursor(encodeExportInfo(info))),
    );
  });

  test('kinds of information', () => {
    const info = { sizeBytes: 2 ** 40, transmissionFlags: 3 };
    const sizes = { minimumBytes: 1, preferredBytes: 4096, maximumBytes: 2 ** 25 };
    expect(decodeInfo(encodeExportInfoReply(info))).toEqual({ kind: 'export', info });
    expect(decodeInfo(encodeNameInfo('disk'))).toEqual({ kind: 'name', name: 'disk' });
    expect(decodeInfo(encodeBlockSizeInfo(sizes))).toEqual({ kind: 'blockSize', sizes });
    expect(decodeInfo(Buffer.from([0, 9, 1]))).toEqual({ kind: 'other', type: 9 });
  });

  test('the greeting and the client flags', () => {
    expect(decodeGreeting(encodeGreeting(3))).toBe(3);
    for (const noZeroes of [true, false]) {
      expect(decodeClientFlags(encodeClientFlags({ noZeroes }))).toEqual({ noZeroes });
    }
  });

  test('options and replies to them', () => {
    const data = Buffer.from('data');
    expect(decodeOptionHeader(encodeOption(7, data))).toEqual({ type: 7, lengthBytes: 4 });
    expect(decodeOptionReplyHeader(encodeOptionReply(7, 2 ** 31 + 1, data))).toEqual({
      option: 7,
      type: 2 ** 31 + 1,
      lengthBytes: 4,
    });
  });
});

describe('bytes of the protocol document', () => {
  test('a read of 512 bytes at 2^32 + 1', () => {
    const request = { flags: 0, type: 0, cookie: 0x0102030405060708n, offset: 2 ** 32 + 1 };
    const bytes = Buffer.alloc(28);
    encodeRequest({ ...request, lengthBytes: 512 }, bytes);
    expect(bytes.toString('hex')).toBe(
      '25609513' + '0000' + '0000' + '0102030405060708' + '0000000100000001' + '00000200',
    );
  });

  test('a greeting with both handshake flags', () => {
    const flags = handshakeFlag.fixedNewstyle | handshakeFlag.noZeroes;
    expect(encodeGreeting(flags).toString('latin1')).toBe('NBDMAGICIHAVEOPT\x00\x03');
  });

  test('the answer to an export name has 124 zeros unless the client waived them', () => {
    const info = { sizeBytes: 1, transmissionFlags: 3 };
    expect(encodeExportNameReply(info, { noZeroes: true })).toHaveLength(10);
    expect(encodeExportNameReply(info, { noZeroes: false })).toHaveLength(134);
  });
});

describe('garbage', () => {
  const decoders: readonly (readonly [string, (bytes: Buffer) => unknown])[] = [
    ['information request', decodeInfoRequest],
    ['metadata context request', decodeMetaContextRequest],
    ['metadata context', decodeMetaContext],
    ['information', decodeInfo],
    ['block status', decodeBlockStatus],
    ['hole', decodeHole],
    ['error', decodeErrorPayload],
  ];

  test.each(decoders)('decodes to a value or NbdProtocolError: %s', (_, decode) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decode(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(NbdProtocolError);
        }
      }),
    );
  });

  test.each([
    ['unknown client flags', () => decodeClientFlags(Buffer.from([0, 0, 0, 5]))],
    ['a client of the old style', () => decodeClientFlags(Buffer.from([0, 0, 0, 2]))],
    ['a greeting of another protocol', () => decodeGreeting(Buffer.from('SSH-2.0-OpenSSH_9.2'))],
    ['a server that is not fixed', () => decodeGreeting(encodeGreeting(0))],
    ['bad request magic', () => decodeRequest(Buffer.alloc(28))],
    ['bad option magic', () => decodeOptionHeader(Buffer.alloc(16))],
    ['bad option reply magic', () => decodeOptionReplyHeader(Buffer.alloc(20))],
    ['a NUL in a name', () => decodeInfo(encodeNameInfo('a\0b'))],
    ['a name above 4096 bytes', () => decodeInfo(encodeNameInfo('a'.repeat(4097)))],
    ['a name that is not UTF-8', () => decodeInfo(Buffer.from([0, 1, 0xff]))],
    [
      'more queries than fit',
      () => decodeMetaContextRequest(Buffer.from([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])),
    ],
    ['an error that is none', () => decodeErrorPayload(Buffer.alloc(6))],
    ['an extent of no bytes', () => decodeBlockStatus(Buffer.alloc(12))],
  ])('is refused: %s', (_, decode) => {
    expect(decode).toThrow(NbdProtocolError);
  });

  test('an offset beyond 2^53 stays large', () => {
    const bytes = Buffer.alloc(28);
    encodeRequest({ flags: 0, type: 0, cookie: 0n, offset: 0, lengthBytes: 1 }, bytes);
    bytes.fill(0xff, 16, 24);
    expect(decodeRequest(bytes).offset).toBeGreaterThanOrEqual(2 ** 63);
  });
});
