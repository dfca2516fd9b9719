export type {
  BlockDevice,
  BlockExtent,
  BlockPiece,
  ByteSpan,
  ZeroPiece,
} from './block-device.ts';
export { NbdConnectionError, NbdProtocolError, NbdServerError } from './errors.ts';
export type { OpenExport } from './server/export-slot.ts';
export { defaultServerLimits, type NbdServerLimits } from './server/limits.ts';
export { type NbdServer, type NbdServerOptions, serveNbd } from './server/serve-nbd.ts';
