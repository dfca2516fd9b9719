export {
  describeMetadataStore,
  type OpenedMetadataStore,
} from './contracts/describe-metadata-store.ts';
export * from './sample-records.ts';
