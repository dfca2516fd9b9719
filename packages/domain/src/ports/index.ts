export * from './compute-driver.ts';
export * from './image-builder.ts';
export * from './metadata-publisher.ts';
export * from './metadata-store.ts';
export * from './network.ts';
export * from './room-reporter.ts';
export * from './snapshot-store.ts';
export * from './volume-disks.ts';
