import { NbdProtocolError } from '../errors.ts';
import { ByteCursor } from './byte-cursor.ts';
import { ByteWriter } from './byte-writer.ts';
import { infoType } from './constants.ts';
import { decodeExportInfo, type ExportInfo, encodeExportInfo } from './handshake.ts';

/** The data of `NBD_OPT_INFO` and `NBD_OPT_GO`. */
export interface InfoRequest {
  readonly exportName: string;
  /** Values of `infoType` that the client asks for. */
  readonly infoTypes: readonly number[];
}

export function encodeInfoRequest(request: InfoRequest): Buffer {
  const writer = new ByteWriter().sizedString(request.exportName);
  writer.uint16(request.infoTypes.length);
  for (const type of request.infoTypes) writer.uint16(type);
  return writer.finish();
}

export function decodeInfoRequest(data: Buffer): InfoRequest {
  const cursor = new ByteCursor(data);
  const exportName = cursor.sizedString();
  const infoTypes = Array.from({ length: cursor.uint16() }, () => cursor.uint16());
  cursor.end('information request');
  return { exportName, infoTypes };
}

/** The data of `NBD_OPT_LIST_META_CONTEXT` and `NBD_OPT_SET_META_CONTEXT`. */
export interface MetaContextRequest {
  readonly exportName: string;
  readonly queries: readonly string[];
}

export function encodeMetaContextRequest(request: MetaContextRequest): Buffer {
  const writer = new ByteWriter().sizedString(request.exportName);
  writer.uint32(request.queries.length);
  for (const query of request.queries) writer.sizedString(query);
  return writer.finish();
}

export function decodeMetaContextRequest(data: Buffer): MetaContextRequest {
  const cursor = new ByteCursor(data);
  const exportName = cursor.sizedString();
  const count = cursor.uint32();
  // Each query has at least a length field, so an impossible count allocates nothing.
  if (count * 4 > cursor.remainingBytes) {
    throw new NbdProtocolError(`${count} queries do not fit into the message`);
  }
  const queries = Array.from({ length: count }, () => cursor.sizedString());
  cursor.end('metadata context request');
  return { exportName, queries };
}

/** The data of an `NBD_REP_META_CONTEXT` reply. */
export interface MetaContext {
  readonly id: number;
  readonly name: string;
}

export function encodeMetaContext(context: MetaContext): Buffer {
  return new ByteWriter().uint32(context.id).string(context.name).finish();
}

export function decodeMetaContext(data: Buffer): MetaContext {
  const cursor = new ByteCursor(data);
  return { id: cursor.uint32(), name: cursor.string(cursor.remainingBytes) };
}

/** See "Block size constraints". */
export interface BlockSizes {
  readonly minimumBytes: number;
  readonly preferredBytes: number;
  readonly maximumBytes: number;
}

/** The data of an `NBD_REP_INFO` reply. */
export type Info =
  | { readonly kind: 'export'; readonly info: ExportInfo }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'blockSize'; readonly sizes: BlockSizes }
  | { readonly kind: 'other'; readonly type: number };

export function encodeExportInfoReply(info: ExportInfo): Buffer {
  return new ByteWriter().uint16(infoType.export).bytes(encodeExportInfo(info)).finish();
}

export function encodeNameInfo(name: string): Buffer {
  return new ByteWriter().uint16(infoType.name).string(name).finish();
}

export function encodeBlockSizeInfo(sizes: BlockSizes): Buffer {
  return new ByteWriter()
    .uint16(infoType.blockSize)
    .uint32(sizes.minimumBytes)
    .uint32(sizes.preferredBytes)
    .uint32(sizes.maximumBytes)
    .finish();
}

const infoDecoders = new Map<number, (cursor: ByteCursor) => Info>([
  [infoType.export, (cursor) => ({ kind: 'export', info: decodeExportInfo(cursor) })],
  [infoType.name, (cursor) => ({ kind: 'name', name: cursor.string(cursor.remainingBytes) })],
  [infoType.blockSize, (cursor) => ({ kind: 'blockSize', sizes: decodeBlockSizes(cursor) })],
]);

/** Unknown kinds of information are `other`; clients ignore them. */
export function decodeInfo(data: Buffer): Info {
  const cursor = new ByteCursor(data);
  const type = cursor.uint16();
  const decode = infoDecoders.get(type);
  if (decode === undefined) return { kind: 'other', type };
  const info = decode(cursor);
  cursor.end('information reply');
  return info;
}

function decodeBlockSizes(cursor: ByteCursor): BlockSizes {
  const [minimumBytes, preferredBytes, maximumBytes] = [
    cursor.uint32(),
    cursor.uint32(),
    cursor.uint32(),
  ];
  if (minimumBytes === 0 || maximumBytes < minimumBytes) {
    throw new NbdProtocolError(`block sizes from ${minimumBytes} to ${maximumBytes} bytes`);
  }
  return { minimumBytes, preferredBytes, maximumBytes };
}
