export type {
  BlockDevice,
  BlockExtent,
  BlockPiece,
  ByteSpan,
  ZeroPiece,
} from './block-device.ts';
export { connectNbd, type NbdClientOptions } from './client/connect-nbd.ts';
export { type NbdAddress, openNbdBlockSource } from './client/nbd-block-source.ts';
export type { NbdClient, StatusRange } from './client/nbd-client.ts';
export { NbdConnectionError, NbdProtocolError, NbdServerError } from './errors.ts';
export type { OpenExport } from './server/export-slot.ts';
export { defaultServerLimits, type NbdServerLimits } from './server/limits.ts';
export { type NbdServer, type NbdServerOptions, serveNbd } from './server/serve-nbd.ts';
