import { GiB, MiB } from '@bakehouse/base';
import type { ByteSpan } from '../block-device.ts';
import type { StatusExtent } from '../codec/reply.ts';
import { NbdProtocolError } from '../errors.ts';
import type { CommandChannel } from './command-channel.ts';
import type { ClientSession } from './negotiate.ts';

/** A run of bytes with the same status in one metadata context. */
export interface StatusRange extends ByteSpan {
  readonly flags: number;
}

/** One export of an NBD server, open for reading. Methods may be called while others are under way. */
export interface NbdClient {
  readonly sizeBytes: number;
  /** The requested metadata contexts that the server granted. */
  readonly contexts: ReadonlySet<string>;
  /** Rejects with NbdServerError (the read failed), NbdProtocolError or NbdConnectionError. */
  read(offset: number, lengthBytes: number): Promise<Uint8Array>;
  /** The status of the whole export in a granted context, in order, without gaps. */
  blockStatus(context: string, signal?: AbortSignal): AsyncIterable<StatusRange>;
  /** Disconnects from the server. Reads in flight reject. May be called again. */
  close(): Promise<void>;
}

/** Longer reads are split, so that several are in flight and each has the whole time limit. */
const readBytesMax = 4 * MiB;
/** Well below 2^32, and a multiple of any alignment that the protocol allows. */
const statusBytesMax = GiB;

export function nbdClient(channel: CommandChannel, session: ClientSession): NbdClient {
  const reader = new AlignedReader(channel, session);
  return {
    sizeBytes: session.exportInfo.sizeBytes,
    contexts: new Set(session.contexts.values()),
    read: (offset, lengthBytes) => reader.read(offset, lengthBytes),
    blockStatus: (context, signal) => statusRanges(channel, session, { context, signal }),
    close: async () => channel.close(),
  };
}

/** Reads any range by requests that the server allows. */
class AlignedReader {
  readonly #channel: CommandChannel;
  readonly #sizeBytes: number;
  readonly #alignmentBytes: number;
  readonly #requestBytesMax: number;

  constructor(channel: CommandChannel, session: ClientSession) {
    this.#channel = channel;
    this.#sizeBytes = session.exportInfo.sizeBytes;
    this.#alignmentBytes = session.alignmentBytes;
    this.#requestBytesMax = Math.max(
      session.alignmentBytes,
      Math.min(readBytesMax, session.requestBytesMax),
    );
  }

  async read(offset: number, lengthBytes: number): Promise<Uint8Array> {
    this.#check(offset, lengthBytes);
    const start = offset - (offset % this.#alignmentBytes);
    const end = Math.min(roundUp(offset + lengthBytes, this.#alignmentBytes), this.#sizeBytes);
    const target = Buffer.allocUnsafeSlow(end - start);
    const parts: Promise<void>[] = [];
    for (let at = 0; at < target.length; at += this.#requestBytesMax) {
      const part = target.subarray(at, at + this.#requestBytesMax);
      parts.push(this.#channel.read({ offset: start + at, target: part }));
    }
    await Promise.all(parts);
    return target.subarray(offset - start, offset - start + lengthBytes);
  }

  #check(offset: number, lengthBytes: number): void {
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(lengthBytes);
    if (whole && offset >= 0 && lengthBytes >= 0 && offset + lengthBytes <= this.#sizeBytes) return;
    throw new RangeError(
      `bytes ${offset}+${lengthBytes} are not within the export's ${this.#sizeBytes}`,
    );
  }
}

interface StatusQuery {
  readonly context: string;
  readonly signal: AbortSignal | undefined;
}

async function* statusRanges(
  channel: CommandChannel,
  session: ClientSession,
  { context, signal }: StatusQuery,
): AsyncGenerator<StatusRange> {
  const contextId = idOf(session, context);
  const { sizeBytes } = session.exportInfo;
  let current: StatusRange | undefined;
  for (let offset = 0; offset < sizeBytes; ) {
    signal?.throwIfAborted();
    const lengthBytes = Math.min(statusBytesMax, sizeBytes - offset);
    const answer = await channel.blockStatus({ offset, lengthBytes });
    for (const extent of answer.get(contextId) ?? []) {
      const range = rangeOf(extent, offset, sizeBytes);
      offset += range.lengthBytes;
      const longer = current === undefined ? undefined : joined(current, range);
      if (current !== undefined && longer === undefined) yield current;
      current = longer ?? range;
    }
  }
  if (current !== undefined) yield current;
}

function idOf(session: ClientSession, context: string): number {
  for (const [id, name] of session.contexts) {
    if (name === context) return id;
  }
  throw new Error(`the NBD server did not grant the metadata context '${context}'`);
}

/** The last extent of an answer may reach beyond the request, but not beyond the disk. */
function rangeOf(extent: StatusExtent, offset: number, sizeBytes: number): StatusRange {
  if (offset + extent.lengthBytes > sizeBytes) {
    throw new NbdProtocolError(
      `block status for ${offset}+${extent.lengthBytes} beyond the end at ${sizeBytes}`,
    );
  }
  return { offset, lengthBytes: extent.lengthBytes, flags: extent.flags };
}

function joined(first: StatusRange, second: StatusRange): StatusRange | undefined {
  if (first.flags !== second.flags) return undefined;
  return { ...first, lengthBytes: first.lengthBytes + second.lengthBytes };
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
