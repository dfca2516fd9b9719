import type { MachineSpec } from '@bakehouse/domain';
import {
  FakeWorld,
  MemoryMetadataPublisher,
  MemoryNetwork,
  MemorySnapshotStore,
  MemoryVolumeDisks,
  memoryBlockBytes,
  SimulatedCompute,
} from '@bakehouse/fakes';
import {
  describeComputeDriver,
  describeMetadataPublisher,
  describeNetwork,
  describeSnapshotStore,
  describeVolumeDisks,
  describeVolumeFreezer,
  type OpenedVolumes,
} from './index.ts';

const dispose = async () => {};

describeSnapshotStore('MemorySnapshotStore', async () => {
  const store = new MemorySnapshotStore();
  let count = 0;
  return {
    store,
    blockBytes: memoryBlockBytes,
    async offer({ sizeBytes, blocks, changed = [...blocks.keys()] }) {
      const address = { kind: 'file', path: `memory:${count++}` } as const;
      store.sources.offer(address, { sizeBytes, blocks, changed });
      return address;
    },
    damage: async (mapId, index) => store.damage(mapId, index),
    dispose,
  };
});

async function openVolumes(): Promise<OpenedVolumes> {
  const store = new MemorySnapshotStore();
  const volumes = new MemoryVolumeDisks(store);
  let readBytes = 0;
  return {
    volumes,
    blockBytes: memoryBlockBytes,
    async makeMap(mapId, blockCount, words) {
      const source = { kind: 'file', path: `memory:${mapId}` } as const;
      const blocks = new Map(Object.entries(words).map(([index, word]) => [Number(index), word]));
      const sizeBytes = blockCount * memoryBlockBytes;
      store.sources.offer(source, { sizeBytes, blocks, changed: blocks.keys() });
      await store.capture({ mapId, source });
    },
    write: async (volumeId, index, word) => volumes.write(volumeId, index, word),
    read: async (volumeId, index) => volumes.read(volumeId, index),
    async capture({ source, baseMapId }, mapId) {
      const summary = await store.capture({ mapId, source, ...(baseMapId ? { baseMapId } : {}) });
      readBytes = summary.readBytes;
      return Object.fromEntries(store.contentsOf(mapId));
    },
    lastReadBytes: () => readBytes,
    dispose,
  };
}

describeVolumeDisks('MemoryVolumeDisks', openVolumes);
describeVolumeFreezer('MemoryVolumeDisks', openVolumes);

describeComputeDriver('SimulatedCompute', async () => {
  const world = new FakeWorld();
  await world.network.open();
  const aDisk = async (deviceName: string) => {
    const volumeId = world.ids.resource('vol');
    await world.volumes.create({ volumeId, sizeBytes: memoryBlockBytes });
    return { deviceName, volumeId };
  };
  let latest = world.compute;
  return {
    compute: world.compute,
    async aSpec(instanceId): Promise<MachineSpec> {
      return {
        instanceId,
        generation: 1,
        instanceType: 't3.micro',
        architecture: 'x86_64',
        cpus: { cores: 1, threadsPerCore: 2 },
        memoryMiB: 1_024,
        disks: [{ ...(await aDisk('/dev/xvda')), bootIndex: 0 }],
        ephemeralDisks: [],
        nics: [{ nicId: 'eni-1', macAddress: '02:00:00:00:00:01', port: `port of ${instanceId}` }],
      };
    },
    aFreeDisk: () => aDisk('/dev/xvdf'),
    aFreeNic: async () => ({
      nicId: 'eni-2',
      macAddress: '02:00:00:00:00:02',
      port: 'port of eni-2',
    }),
    async restart() {
      latest = new SimulatedCompute({ clock: world.clock, machines: latest.machines() });
      return latest;
    },
    restartFindsMachines: true,
    guestsObey: true,
    identityOf: async (instanceId) =>
      latest.machines().find(({ spec }) => spec.instanceId === instanceId)?.pid,
    hang: async (instanceId) => latest.hang(instanceId),
    dispose,
  };
});

describeNetwork('MemoryNetwork', async () => {
  const network = new MemoryNetwork({ isGuestUp: () => false });
  const policy = async () => network.policy;
  return { network, policy, restart: async () => network, dispose };
});

describeMetadataPublisher('MemoryMetadataPublisher', async () => {
  const publisher = new MemoryMetadataPublisher();
  return { publisher, read: async (instanceId) => publisher.read(instanceId), dispose };
});
