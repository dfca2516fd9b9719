import { NbdProtocolError } from '../errors.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { ByteWriter } from './byte-writer.ts';
import { handshakeFlag, magic } from './constants.ts';

export const greetingBytes = 18;
export const clientFlagsBytes = 4;

/** The first message of the server; see "Newstyle negotiation". */
export function encodeGreeting(handshakeFlags: number): Buffer {
  return new ByteWriter().uint64(magic.init).uint64(magic.option).uint16(handshakeFlags).finish();
}

/** Returns the handshake flags. An oldstyle or unfixed newstyle server throws NbdProtocolError. */
export function decodeGreeting(greeting: Buffer): number {
  if (greeting.readBigUInt64BE(0) !== magic.init) {
    throw new NbdProtocolError('the server does not speak NBD: bad magic in its greeting');
  }
  if (greeting.readBigUInt64BE(8) !== magic.option) {
    throw new NbdProtocolError('the server speaks oldstyle NBD');
  }
  const flags = greeting.readUInt16BE(16);
  if ((flags & handshakeFlag.fixedNewstyle) === 0) {
    throw new NbdProtocolError('the server does not speak fixed newstyle NBD');
  }
  return flags;
}

export interface ClientFlags {
  readonly noZeroes: boolean;
}

export function encodeClientFlags(flags: ClientFlags): Buffer {
  const noZeroes = flags.noZeroes ? handshakeFlag.noZeroes : 0;
  return new ByteWriter().uint32(handshakeFlag.fixedNewstyle | noZeroes).finish();
}

/** Unknown flags, or a client that does not speak fixed newstyle, throw NbdProtocolError. */
export function decodeClientFlags(bytes: Buffer): ClientFlags {
  const flags = bytes.readUInt32BE(0);
  const known = handshakeFlag.fixedNewstyle | handshakeFlag.noZeroes;
  if ((flags & ~known) !== 0) {
    throw new NbdProtocolError(`unknown client flags 0x${flags.toString(16)}`);
  }
  if ((flags & handshakeFlag.fixedNewstyle) === 0) {
    throw new NbdProtocolError('the client does not speak fixed newstyle NBD');
  }
  return { noZeroes: (flags & handshakeFlag.noZeroes) !== 0 };
}

export interface ExportInfo {
  readonly sizeBytes: number;
  readonly transmissionFlags: number;
}

/** The body of `NBD_INFO_EXPORT`, and the start of the reply to `NBD_OPT_EXPORT_NAME`. */
export function encodeExportInfo(info: ExportInfo): Buffer {
  return new ByteWriter().uint64(info.sizeBytes).uint16(info.transmissionFlags).finish();
}

export function decodeExportInfo(cursor: ByteCursor): ExportInfo {
  const sizeBytes = cursor.uint64();
  if (!Number.isSafeInteger(sizeBytes)) {
    throw new NbdProtocolError(`an export of ${sizeBytes} bytes; the limit is 2^53 - 1`);
  }
  return { sizeBytes, transmissionFlags: cursor.uint16() };
}

/** The reply to `NBD_OPT_EXPORT_NAME`; older clients expect 124 zeros after it. */
export function encodeExportNameReply(info: ExportInfo, flags: ClientFlags): Buffer {
  return new ByteWriter()
    .bytes(encodeExportInfo(info))
    .bytes(Buffer.alloc(flags.noZeroes ? 0 : 124))
    .finish();
}
