export { MetadataStoreError } from './metadata-store-error.ts';
export {
  openSqliteMetadataStore,
  type SqliteMetadataStoreOptions,
} from './open-sqlite-metadata-store.ts';
