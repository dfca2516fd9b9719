export type { BlockStore } from './block-store.ts';
export { FolderFiles } from './files/folder-files.ts';
export type { StoreFiles } from './files/store-files.ts';
export { blockSizeBytes } from './format/block-size.ts';
export type { GuestReader } from './guest-reads/guest-reader.ts';
export { GuestReads } from './guest-reads/guest-reads.ts';
export { type BlockStoreOptions, openBlockStore } from './open-block-store.ts';
export type { MapReader, MapRun } from './read/map-reader.ts';
export { BlockServerError } from './rpc/carried-error.ts';
export {
  type BlockStoreClient,
  type ConnectOptions,
  connectBlockStore,
} from './rpc/connect-block-store.ts';
export type { BlockServerHello } from './rpc/rpc-protocol.ts';
export { type BlockStoreServer, serveBlockStore } from './rpc/serve-block-store.ts';
export * from './store-errors.ts';
