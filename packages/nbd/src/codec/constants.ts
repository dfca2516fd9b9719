/*
 * The numbers of the NBD protocol, under the protocol's own names without their prefixes; see
 * "Values" in doc/proto.md of the NetworkBlockDevice project. All integers on the wire are big-endian.
 */

/** The magic numbers at the start of each kind of message; see "Handshake" and "Transmission". */
export const magic = {
  /** `NBDMAGIC` */
  init: 0x4e42444d41474943n,
  /** `IHAVEOPT` */
  option: 0x49484156454f5054n,
  optionReply: 0x0003e889045565a9n,
  request: 0x25609513,
  simpleReply: 0x67446698,
  structuredReply: 0x668e33ef,
} as const;

/** "Handshake flags" and "Client flags" have the same two bits. */
export const handshakeFlag = { fixedNewstyle: 1 << 0, noZeroes: 1 << 1 } as const;

export const transmissionFlag = {
  hasFlags: 1 << 0,
  readOnly: 1 << 1,
  sendFlush: 1 << 2,
  sendDf: 1 << 7,
  canMultiConn: 1 << 8,
  sendCache: 1 << 10,
} as const;

export const optionType = {
  exportName: 1,
  abort: 2,
  list: 3,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
} as const;

const optionError = 2 ** 31;

export const optionReplyType = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  errUnsupported: optionError + 1,
  errPolicy: optionError + 2,
  errInvalid: optionError + 3,
  errPlatform: optionError + 4,
  errTlsRequired: optionError + 5,
  errUnknown: optionError + 6,
  errShutdown: optionError + 7,
  errBlockSizeRequired: optionError + 8,
  errTooBig: optionError + 9,
} as const;

export const infoType = { export: 0, name: 1, description: 2, blockSize: 3 } as const;

export const commandType = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  cache: 5,
  writeZeroes: 6,
  blockStatus: 7,
} as const;

export const commandFlag = { fua: 1 << 0, noHole: 1 << 1, df: 1 << 2, reqOne: 1 << 3 } as const;

export const chunkFlag = { done: 1 << 0 } as const;

const chunkError = 2 ** 15;

export const chunkType = {
  none: 0,
  offsetData: 1,
  offsetHole: 2,
  blockStatus: 5,
  error: chunkError + 1,
  errorOffset: chunkError + 2,
} as const;

/** "Error values". */
export const errorCode = {
  EPERM: 1,
  EIO: 5,
  ENOMEM: 12,
  EINVAL: 22,
  ENOSPC: 28,
  EOVERFLOW: 75,
  ENOTSUP: 95,
  ESHUTDOWN: 108,
} as const;

/** Flags of a `base:allocation` extent. */
export const allocationFlag = { hole: 1 << 0, zero: 1 << 1 } as const;

export const baseAllocation = 'base:allocation';

/** The longest string, in bytes of UTF-8; see "Conventions". */
export const stringBytesMax = 4096;

export function isOptionError(replyType: number): boolean {
  return replyType >= optionError;
}

export function isErrorChunk(type: number): boolean {
  return type >= chunkError;
}
