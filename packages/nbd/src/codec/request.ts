import { NbdProtocolError } from '../errors.ts';
import { magic } from './constants.ts';

export const requestBytes = 28;

export interface NbdRequest {
  readonly flags: number;
  readonly type: number;
  /** Chosen by the client; its reply carries the same. */
  readonly cookie: bigint;
  /** In bytes. Values above 2^53 are rounded; they are beyond the end of every disk. */
  readonly offset: number;
  readonly lengthBytes: number;
}

/** Fields in wire order; see "Request message". */
export function encodeRequest(request: NbdRequest, target: Buffer, at = 0): void {
  target.writeUInt32BE(magic.request, at);
  target.writeUInt16BE(request.flags, at + 4);
  target.writeUInt16BE(request.type, at + 6);
  target.writeBigUInt64BE(request.cookie, at + 8);
  target.writeBigUInt64BE(BigInt(request.offset), at + 16);
  target.writeUInt32BE(request.lengthBytes, at + 24);
}

export function decodeRequest(source: Buffer, at = 0): NbdRequest {
  if (source.readUInt32BE(at) !== magic.request) throw new NbdProtocolError('bad request magic');
  return {
    flags: source.readUInt16BE(at + 4),
    type: source.readUInt16BE(at + 6),
    cookie: source.readBigUInt64BE(at + 8),
    offset: source.readUInt32BE(at + 16) * 2 ** 32 + source.readUInt32BE(at + 20),
    lengthBytes: source.readUInt32BE(at + 24),
  };
}
