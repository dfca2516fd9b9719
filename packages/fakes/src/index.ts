export { FakeImageBuilder } from './fake-image-builder.ts';
export {
  type ControlPlaneLife,
  FakeWorld,
  type FakeWorldOptions,
  type WorldPorts,
} from './fake-world.ts';
export {
  type Fault,
  FaultPlan,
  type FaultRule,
  InjectedFault,
  type RandomFaults,
} from './faults.ts';
export { Life } from './life.ts';
export { ManualClock } from './manual-clock.ts';
export { MemoryHotMaps } from './memory-hot-maps.ts';
export { MemoryMetadataPublisher } from './memory-metadata-publisher.ts';
export { MemoryMetadataStore } from './memory-metadata-store.ts';
export { MemoryNetwork, type MemoryNetworkOptions } from './memory-network.ts';
export type { Flow } from './memory-policy.ts';
export { MemorySnapshotStore } from './memory-snapshot-store.ts';
export {
  type BlockWords,
  type MemorySource,
  MemorySources,
  memoryBlockBytes,
} from './memory-sources.ts';
export { MemoryVolumeDisks, type MemoryVolumeDisksOptions } from './memory-volume-disks.ts';
export { mortalClock } from './mortal-clock.ts';
export { restoredMachines } from './restored-machines.ts';
export { restoredMaps } from './restored-maps.ts';
export { seededIds } from './seeded-ids.ts';
export { type Random, seededRandom } from './seeded-random.ts';
export { settle, waitOutside } from './settle.ts';
export { SimulatedCompute, type SimulatedComputeOptions } from './simulated-compute.ts';
export { type SimulatedDrivers, simulatedDrivers } from './simulated-drivers.ts';
export { hasProcess, type SimulatedMachine, usesVolume } from './simulated-machine.ts';
export { storeWords } from './store-words.ts';
export { newTestStore, useTestStores } from './test-store.ts';
export { type FaultyPortOptions, withFaults } from './with-faults.ts';
