import type { Clock } from '@bakehouse/base';
import { type FakeBuilderOptions, FakeImageBuilder } from './fake-image-builder.ts';
import { MemoryHotMaps } from './memory-hot-maps.ts';
import { MemoryMetadataPublisher } from './memory-metadata-publisher.ts';
import { MemoryNetwork } from './memory-network.ts';
import { MemorySnapshotStore } from './memory-snapshot-store.ts';
import { MemorySources } from './memory-sources.ts';
import { MemoryVolumeDisks } from './memory-volume-disks.ts';
import type { RestoredMap } from './restored-maps.ts';
import { SimulatedCompute } from './simulated-compute.ts';
import type { SimulatedMachine } from './simulated-machine.ts';

export interface SimulatedDrivers {
  readonly compute: SimulatedCompute;
  readonly network: MemoryNetwork;
  readonly publisher: MemoryMetadataPublisher;
  readonly snapshots: MemorySnapshotStore;
  readonly volumes: MemoryVolumeDisks;
  readonly hot: MemoryHotMaps;
  readonly builder: FakeImageBuilder;
}

/**
 * The outside for a platform whose images and instances are records: disks and maps that it is asked for
 * and does not know are empty. All of it is lost with the process but for `machines`, which the next may be
 * given from `compute.machines()`, and `maps`, which it may be given from the records.
 */
export function simulatedDrivers(options: {
  readonly clock: Pick<Clock, 'now'>;
  readonly machines?: readonly SimulatedMachine[];
  readonly maps?: readonly RestoredMap[];
  readonly builder?: FakeBuilderOptions;
}): SimulatedDrivers {
  const sources = new MemorySources();
  const restored = options.maps ?? [];
  const snapshots = new MemorySnapshotStore(sources, { unknownMaps: 'zeros', restored });
  const compute = new SimulatedCompute({
    ...options,
    copyDisk: (from, to) => volumes.copy(from, to),
  });
  const hot = new MemoryHotMaps(snapshots, options.clock);
  const volumes = new MemoryVolumeDisks(snapshots, {
    unknownDisks: 'make',
    hot,
    userOf: (volumeId) => compute.userOf(volumeId),
  });
  return {
    ...{ compute, snapshots, hot, volumes },
    network: new MemoryNetwork({ isGuestUp: (port) => compute.usesPort(port) }),
    publisher: new MemoryMetadataPublisher(),
    builder: new FakeImageBuilder({ clock: options.clock, sources }, options.builder),
  };
}
