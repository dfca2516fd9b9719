import { commandFlag, commandType, optionType } from '../../src/codec/constants.ts';
import { encodeClientFlags } from '../../src/codec/handshake.ts';
import { encodeOption } from '../../src/codec/option.ts';
import { encodeInfoRequest, encodeMetaContextRequest } from '../../src/codec/option-data.ts';
import { encodeRequest, type NbdRequest, requestBytes } from '../../src/codec/request.ts';
import { deviceBytes, exportNames } from './devices.ts';
import { type Random, randomOf } from './random.ts';

/** How a client leaves. After `close` and `disconnect` it still reads; after `drop` it is gone. */
export type Goodbye = 'disconnect' | 'disconnect and close' | 'close' | 'drop';

/** One client's whole conversation, decided before it begins. */
export interface FuzzSession {
  readonly name: string;
  /** What the client sends, in pieces. */
  readonly pieces: readonly Buffer[];
  readonly goodbye: Goodbye;
  /** The client reads what the server sends. */
  readonly reads: boolean;
  /** Absent when the client breaks the protocol: then nothing is promised to it. */
  readonly promise?: SessionPromise;
}

/** What the server owes to a client that kept to the protocol. */
export interface SessionPromise {
  /** Undefined: the export cannot be opened, and transmission is never reached. */
  readonly exportName: string | undefined;
  readonly structuredReplies: boolean;
  readonly allocationSelected: boolean;
  readonly noZeroes: boolean;
  /** Chosen by the oldest option, which is answered without a header. */
  readonly byName: boolean;
  /** In order; all of them are to be answered. */
  readonly requests: readonly NbdRequest[];
}

/** The session of this name, always the same. */
export function planSession(name: string): FuzzSession {
  const random = randomOf(name);
  const handshake = planHandshake(random);
  const isServed = handshake.exportName !== undefined;
  const requests = isServed ? planRequests(random) : [];
  const isBroken = random.chance(0.4);
  const drawn = random.pick<Goodbye>(['disconnect', 'disconnect and close', 'close', 'drop']);
  // A client whose disconnect does not arrive has to close, or the server rightly waits for more.
  const goodbye = drawn === 'disconnect' && (isBroken || !isServed) ? 'close' : drawn;
  const parts = [handshake.bytes, ...requests.map((request) => wireBytes(random, request))];
  if (isServed && goodbye.startsWith('disconnect')) {
    parts.push(wireBytes(random, requestOf({ type: commandType.disconnect })));
  }
  const bytes = Buffer.concat(parts);
  const { bytes: _, ...promise } = handshake;
  return {
    name,
    pieces: inRandomPieces(random, isBroken ? damaged(random, bytes) : bytes),
    goodbye,
    reads: random.chance(0.9),
    ...(!isBroken && { promise: { ...promise, requests } }),
  };
}

interface Handshake extends Omit<SessionPromise, 'requests'> {
  readonly bytes: Buffer;
}

function planHandshake(random: Random): Handshake {
  const noZeroes = random.chance(0.7);
  const structuredReplies = random.chance(0.7);
  const exportName = random.chance(0.9) ? random.pick(exportNames) : undefined;
  const asked = exportName ?? random.pick(['none', 'unopenable', '', 'x'.repeat(4000)]);
  const byName = random.chance(0.2);
  const allocationSelected = structuredReplies && random.chance(0.6);
  const strayOptions = Array.from({ length: random.int(0, 5) }, () => strayOption(random));
  const info = { exportName: asked, infoTypes: [1, 3, 77] };
  const contexts = { exportName: asked, queries: ['base:allocation', 'qemu:x'] };
  return {
    exportName,
    structuredReplies,
    allocationSelected: allocationSelected && exportName !== undefined,
    noZeroes,
    byName,
    bytes: Buffer.concat([
      encodeClientFlags({ noZeroes }),
      ...strayOptions,
      ...(structuredReplies ? [encodeOption(optionType.structuredReply, Buffer.alloc(0))] : []),
      ...(allocationSelected
        ? [encodeOption(optionType.setMetaContext, encodeMetaContextRequest(contexts))]
        : []),
      byName
        ? encodeOption(optionType.exportName, Buffer.from(asked))
        : encodeOption(optionType.go, encodeInfoRequest(info)),
    ]),
  };
}

/** An option that changes nothing: unknown, malformed, oversized, or a question. */
function strayOption(random: Random): Buffer {
  const { list, info, go, listMetaContext, setMetaContext } = optionType;
  const [startTls, extendedHeaders] = [5, 11];
  return random.pick([
    () => encodeOption(random.pick([startTls, extendedHeaders, 99, 0]), random.bytes(9)),
    () => encodeOption(list, Buffer.alloc(0)),
    () => encodeOption(random.pick([list, info, go, setMetaContext]), random.bytes(7)),
    () => encodeOption(info, Buffer.alloc(random.int(32 * 1024 + 1, 100_000))),
    () => encodeOption(info, encodeInfoRequest({ exportName: 'disk', infoTypes: [] })),
    () => encodeOption(go, encodeInfoRequest({ exportName: 'none', infoTypes: [3] })),
    () =>
      encodeOption(listMetaContext, encodeMetaContextRequest({ exportName: 'disk', queries: [] })),
  ])();
}

function planRequests(random: Random): NbdRequest[] {
  const { read, write, flush, trim, cache, writeZeroes, blockStatus } = commandType;
  return Array.from({ length: random.int(0, 30) }, (_, index) =>
    requestOf({
      type: random.pick([
        read,
        read,
        read,
        blockStatus,
        cache,
        flush,
        write,
        trim,
        writeZeroes,
        99,
      ]),
      flags: random.chance(0.8) ? 0 : random.pick([commandFlag.df, commandFlag.reqOne, 1, 0xffff]),
      cookie: BigInt(index + 1),
      ...range(random),
    }),
  );
}

function range(random: Random): { offset: number; lengthBytes: number } {
  const offset = random.pick([
    random.int(0, deviceBytes),
    random.int(0, deviceBytes),
    deviceBytes,
    deviceBytes + 1,
    2 ** 40,
    2 ** 53,
  ]);
  const left = Math.max(0, deviceBytes - offset);
  const lengthBytes = random.pick([
    random.int(0, left),
    random.int(0, Math.min(left, 9000)),
    left,
    left + 1,
    0,
    33 * 1024 * 1024,
  ]);
  return { offset, lengthBytes };
}

function requestOf(request: Partial<NbdRequest>): NbdRequest {
  return { flags: 0, type: 0, cookie: 0n, offset: 0, lengthBytes: 0, ...request };
}

/** A write's length is its payload's: kept small, so that the fuzz spends its time elsewhere. */
function wireBytes(random: Random, request: NbdRequest): Buffer {
  const bytes = Buffer.alloc(requestBytes);
  encodeRequest(request, bytes);
  if (request.type !== commandType.write) return bytes;
  const payloadBytes = random.pick([0, 1, 512, random.int(0, 200_000)]);
  bytes.writeUInt32BE(payloadBytes, 24);
  return Buffer.concat([bytes, Buffer.alloc(payloadBytes, 0x25)]);
}

function damaged(random: Random, bytes: Buffer): Buffer {
  const at = () => random.int(0, Math.max(0, bytes.length - 1));
  return random.pick([
    () => {
      const flipped = Buffer.from(bytes);
      for (let count = random.int(1, 8); count > 0; count--) flipped[at()] = random.int(0, 255);
      return flipped;
    },
    () => bytes.subarray(0, at()),
    () => Buffer.concat([bytes.subarray(0, at()), random.bytes(random.int(1, 300))]),
    () => random.bytes(random.int(0, 2000)),
    () => {
      const middle = at();
      return Buffer.concat([bytes.subarray(0, middle), random.bytes(5), bytes.subarray(middle)]);
    },
  ])();
}

function inRandomPieces(random: Random, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  const pieceBytesMax = random.pick([7, 100, 5000, 1 << 20]);
  for (let at = 0; at < bytes.length && pieces.length < 500; ) {
    const isLast = pieces.length === 499;
    const length = isLast ? bytes.length - at : random.int(1, pieceBytesMax);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}
