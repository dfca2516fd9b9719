import { NbdProtocolError } from '../errors.ts';
import { ByteWriter } from './byte-writer.ts';
import { magic } from './constants.ts';

export const optionHeaderBytes = 16;
export const optionReplyHeaderBytes = 20;

export interface OptionHeader {
  readonly type: number;
  readonly lengthBytes: number;
}

export function encodeOption(type: number, data: Buffer): Buffer {
  return new ByteWriter()
    .uint64(magic.option)
    .uint32(type)
    .uint32(data.length)
    .bytes(data)
    .finish();
}

export function decodeOptionHeader(header: Buffer): OptionHeader {
  if (header.readBigUInt64BE(0) !== magic.option) {
    throw new NbdProtocolError('bad option magic');
  }
  return { type: header.readUInt32BE(8), lengthBytes: header.readUInt32BE(12) };
}

export interface OptionReplyHeader {
  /** The option that this replies to. */
  readonly option: number;
  readonly type: number;
  readonly lengthBytes: number;
}

export function encodeOptionReply(option: number, type: number, data: Buffer): Buffer {
  return new ByteWriter()
    .uint64(magic.optionReply)
    .uint32(option)
    .uint32(type)
    .uint32(data.length)
    .bytes(data)
    .finish();
}

export function decodeOptionReplyHeader(header: Buffer): OptionReplyHeader {
  if (header.readBigUInt64BE(0) !== magic.optionReply) {
    throw new NbdProtocolError('bad option reply magic');
  }
  return {
    option: header.readUInt32BE(8),
    type: header.readUInt32BE(12),
    lengthBytes: header.readUInt32BE(16),
  };
}
