export { toColumn, toColumnRange } from './column-text.ts';
export { convertBody } from './convert-body.ts';
export { indexDefinitionHash, indexRows } from './index-rows.ts';
export { MetadataStoreError } from './metadata-store-error.ts';
export type {
  IndexRow,
  IndexTerm,
  IndexValue,
  RecordDatabase,
  RowChanges,
  StoredRecord,
} from './record-database.ts';
export { RecordStore } from './record-store.ts';
