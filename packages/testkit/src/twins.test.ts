import type { InstanceId, MachineSpec } from '@bakehouse/domain';
import {
  FakeWorld,
  ManualClock,
  MemoryHotMaps,
  MemoryMetadataPublisher,
  MemoryNetwork,
  MemorySnapshotStore,
  MemoryVolumeDisks,
  memoryBlockBytes,
  SimulatedCompute,
  storeWords,
} from '@bakehouse/fakes';
import {
  describeComputeDriver,
  describeGuestForker,
  describeHotMaps,
  describeMemoryKeeper,
  describeMetadataPublisher,
  describeNetwork,
  describeSnapshotStore,
  describeVolumeDisks,
  describeVolumeFreezer,
  type OpenedCompute,
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
    makeMap: (mapId, blockCount, words) => storeWords(store, { mapId, blockCount, words }),
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

describeHotMaps('MemoryHotMaps', async () => {
  const store = new MemorySnapshotStore();
  const hot = new MemoryHotMaps(store, new ManualClock());
  const volumes = new MemoryVolumeDisks(store, { hot });
  return {
    hot,
    volumes,
    blockBytes: memoryBlockBytes,
    makeMap: (mapId, blockCount, words) => storeWords(store, { mapId, blockCount, words }),
    pruneMap: async (mapId) => {
      await store.prune(new Set([mapId]));
    },
    open: async (volumeId) => volumes.open(volumeId),
    read: async (volumeId, index) => volumes.read(volumeId, index),
    async stopStore() {
      store.serve = () => {
        throw new Error('the store is stopped');
      };
    },
    startHost: async () => hot.hostStarted(),
    damage: async (mapId) => hot.damage(mapId),
    dispose,
  };
});

async function openCompute(): Promise<OpenedCompute> {
  const world = new FakeWorld();
  await world.network.open();
  const aDisk = async (deviceName: string) => {
    const volumeId = world.ids.resource('vol');
    await world.volumes.create({ volumeId, sizeBytes: memoryBlockBytes });
    return { deviceName, volumeId };
  };
  let latest = world.compute;
  const aTemplate = async (instanceId: InstanceId): Promise<MachineSpec> => ({
    instanceId,
    generation: 1,
    instanceType: 't3.micro',
    architecture: 'x86_64',
    cpus: { cores: 1, threadsPerCore: 2 },
    memoryMiB: 1_024,
    disks: [{ ...(await aDisk('/dev/xvda')), bootIndex: 0 }],
    ephemeralDisks: [],
    nics: [],
  });
  const aSpec = async (instanceId: InstanceId): Promise<MachineSpec> => {
    const port = `port of ${instanceId}`;
    const nics = [{ nicId: 'eni-1', macAddress: '02:00:00:00:00:01', port }] as const;
    return { ...(await aTemplate(instanceId)), nics };
  };
  return {
    compute: world.compute,
    ...{ aTemplate, aSpec, aForkable: aSpec },
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
}

describeComputeDriver('SimulatedCompute', openCompute);
describeMemoryKeeper('SimulatedCompute', openCompute);
describeGuestForker('SimulatedCompute', openCompute);

describeNetwork('MemoryNetwork', async () => {
  const network = new MemoryNetwork({ isGuestUp: () => false });
  const policy = async () => network.policy;
  return { network, policy, restart: async () => network, dispose };
});

describeMetadataPublisher('MemoryMetadataPublisher', async () => {
  const publisher = new MemoryMetadataPublisher();
  return { publisher, read: async (instanceId) => publisher.read(instanceId), dispose };
});
