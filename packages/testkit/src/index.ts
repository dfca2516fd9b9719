export { describeComputeDriver, type OpenedCompute } from './contracts/describe-compute-driver.ts';
export { describeGuestForker } from './contracts/describe-guest-forker.ts';
export { describeHotMaps, type OpenedHotMaps } from './contracts/describe-hot-maps.ts';
export { describeMemoryKeeper } from './contracts/describe-memory-keeper.ts';
export {
  describeMetadataPublisher,
  type OpenedMetadataPublisher,
} from './contracts/describe-metadata-publisher.ts';
export {
  describeMetadataStore,
  type OpenedMetadataStore,
} from './contracts/describe-metadata-store.ts';
export { describeNetwork, type OpenedNetwork } from './contracts/describe-network.ts';
export { describeSnapshotStore } from './contracts/describe-snapshot-store.ts';
export {
  describeVolumeDisks,
  describeVolumeFreezer,
  type OpenedVolumes,
} from './contracts/describe-volumes.ts';
export {
  type OpenedSnapshotStore,
  placesIn,
  type TestDisk,
} from './contracts/opened-snapshot-store.ts';
export { countAfterUpgrade, type EarlierVersion, readEarlierDatabase } from './earlier-records.ts';
export { imageSeed } from './image-seed.ts';
export { missingForOrdinaryUser, type OrdinaryUser, ordinaryUser } from './ordinary-user.ts';
export { type PublicRange, takePublicRange } from './public-range.ts';
export { readyUrl } from './ready-url.ts';
export * from './sample-network.ts';
export * from './sample-records.ts';
export { aHostId } from './sample-values.ts';
export { someMetadata } from './some-metadata.ts';
export { createTestDatabase, startPostgres, type TestPostgres } from './start-postgres.ts';
