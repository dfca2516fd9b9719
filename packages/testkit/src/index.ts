export { describeComputeDriver, type OpenedCompute } from './contracts/describe-compute-driver.ts';
export {
  describeMetadataPublisher,
  type OpenedMetadataPublisher,
} from './contracts/describe-metadata-publisher.ts';
export {
  describeMetadataStore,
  type OpenedMetadataStore,
} from './contracts/describe-metadata-store.ts';
export { describeNetwork, type OpenedNetwork } from './contracts/describe-network.ts';
export {
  describeSnapshotStore,
  type OpenedSnapshotStore,
  type TestDisk,
} from './contracts/describe-snapshot-store.ts';
export {
  describeVolumeDisks,
  describeVolumeFreezer,
  type OpenedVolumes,
} from './contracts/describe-volumes.ts';
export * from './sample-records.ts';
export { someMetadata } from './some-metadata.ts';
