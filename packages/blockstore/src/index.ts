export { type BlockMap, findChunkId, summaryOf } from './block-map.ts';
export type { BlockMapReader } from './block-map-reader.ts';
export { blockSizeBytes } from './block-size.ts';
export type { BlockStoreEngine } from './block-store-engine.ts';
export { BlockServerError } from './carried-error.ts';
export {
  type BlockStoreClient,
  type ConnectOptions,
  connectBlockStore,
} from './connect-block-store.ts';
export { applyDiff, type BlockChange, diffMaps } from './diff-maps.ts';
export { type BlockStoreOptions, openBlockStore } from './open-block-store.ts';
export type { BlockServerHello } from './rpc-protocol.ts';
export { type BlockStoreServer, serveBlockStore } from './serve-block-store.ts';
export * from './store-errors.ts';
