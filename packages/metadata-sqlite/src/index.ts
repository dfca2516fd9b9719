export { EarlierSchemaError } from './migrate.ts';
export {
  lookIntoSqliteMetadataStore,
  openSqliteMetadataStore,
  type SqliteMetadataStoreOptions,
} from './open-sqlite-metadata-store.ts';
