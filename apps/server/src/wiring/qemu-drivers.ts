import { mkdir } from 'node:fs/promises';
import { allEnded, type Clock, type Logger, MiB } from '@bakehouse/base';
import { createQemuCompute, type MachineDisks, probeAccelerator } from '@bakehouse/compute-qemu';
import type { MetadataStore } from '@bakehouse/domain';
import { type ControlGroups, findControlGroups } from '@bakehouse/host';
import { createImageBuilder } from '@bakehouse/imagebuilder';
import { createMetadataPublisher } from '@bakehouse/imds';
import { type Drivers, type NamedRecords, readNamedRecords } from '@bakehouse/orchestration';
import type { QemuVolumes } from '@bakehouse/volumes';
import type { Config } from '../config.ts';
import type { DataDirectory } from '../data-directory.ts';
import { type FoundLeftover, findLeftovers, sweepRequest } from '../doctor/find-leftovers.ts';
import { blockStoreClient, ensureBlockServer } from './block-server.ts';
import { hostRoom } from './host-room.ts';
import { ensureMetadataAgent } from './metadata-agent.ts';
import { qemuAdapters } from './qemu-adapters.ts';

/** With less than this free, paused guests do not resume and nothing new begins. */
const spaceNeededBytes = 64 * MiB;

export interface WiredDrivers {
  readonly drivers: Drivers;
  /** For healthz: how guest instructions run, and why. */
  readonly accelerator: { readonly accel: string; readonly reason: string };
  /** Starts what the drivers need of this host and is not running: helper processes, the network. Call it once. */
  open(): Promise<void>;
  /** Restarts helpers that have died and restores filters that were flushed. Call it periodically, after `open`. */
  supervise(): Promise<void>;
  /** What exists on this host without a record that names it. */
  leftovers(metadata: MetadataStore): Promise<readonly FoundLeftover[]>;
  /** Removes what interrupted work left at disks. Only before any work begins. */
  sweep(metadata: MetadataStore): Promise<void>;
  /** Closes the connections to machines, which run on, as do the helpers. After it nothing else is called. */
  close(): Promise<void>;
}

interface Parts {
  readonly clock: Clock;
  readonly logger: Logger;
}

const machineDisks = (volumes: QemuVolumes): MachineDisks => ({
  open: (instanceId) => volumes.openMachine(instanceId),
  give: (volumeId, instanceId) => volumes.blockdevChain({ volumeId, instanceId }),
  take: (volumeId) => volumes.takeFromMachine(volumeId),
  copy: (from, to, options) => volumes.copyDisk(from, to, options),
  writeBack: (volumeId) => volumes.writeBack(volumeId),
  close: (instanceId) => volumes.closeMachine(instanceId),
  files: (instanceId) => volumes.machineFiles(instanceId),
});

const roomOf = ({ diskReserveBytes }: Config, data: DataDirectory) =>
  hostRoom({
    paths: [data.root, data.blocks, data.volumes, data.instances],
    guests: [data.volumes, data.instances],
    neededBytes: spaceNeededBytes,
    reserveBytes: diskReserveBytes,
  });

/** Machines run without limits, too; the log and `doctor` say so. */
async function machineLimits(logger: Logger): Promise<ControlGroups> {
  const groups = await findControlGroups();
  if (groups.kind === 'none') {
    logger.log('warn', 'guests have no limits of their own', { detail: groups.detail });
  }
  return groups;
}

/**
 * The drivers of this host: QEMU, namespaces, the block server and the metadata agent. Quick: what takes time on a
 * busy host is left to `open`.
 */
export async function wireQemuDrivers(
  config: Config,
  data: DataDirectory,
  { clock, logger }: Parts,
): Promise<WiredDrivers> {
  await mkdir(data.runtime, { recursive: true, mode: 0o700 });
  const snapshots = blockStoreClient(data);
  const { reads } = snapshots;
  const accelerator = await probeAccelerator({ directory: data.runtime });
  const { network, volumes, users } = qemuAdapters(config, data, { clock, logger });
  const { hot } = volumes;
  const groups = await machineLimits(logger);
  const room = roomOf(config, data);
  const compute = createQemuCompute({
    directory: data.instances,
    disks: machineDisks(volumes),
    users,
    groups,
    enter: (port) => network.enter(port),
    reads,
    accelerator: accelerator.accel,
    clock,
    logger,
    room,
    limits: { spaceNeededBytes },
  });
  const publisher = await createMetadataPublisher({
    directory: data.guestMetadata,
    addressOf: ({ interfaceId }) => network.guestAddress(interfaceId),
    clock,
    logger,
  });
  const builder = createImageBuilder({
    directory: data.builds,
    environment: config.proxies,
    logger,
  });
  return {
    drivers: {
      ...{ compute, network, publisher, snapshots, reads, volumes, hot, builder },
      ...{ room, guestRoom: room },
    },
    accelerator,
    async open() {
      const openNetwork = async () => {
        await network.open();
        await ensureMetadataAgent(data, { network, clock, logger });
      };
      await allEnded([ensureBlockServer(data, { clock, logger }), openNetwork()]);
    },
    async supervise() {
      await allEnded([
        ensureBlockServer(data, { clock, logger }),
        ensureMetadataAgent(data, { network, clock, logger }),
        network.repair(),
      ]);
    },
    leftovers: (metadata) =>
      findLeftovers(metadata, {
        data,
        clock,
        network,
        volumes,
        drivers: { keeper: compute, network, publisher, snapshots, volumes, hot },
      }),
    close: () => compute.close(),
    sweep: (metadata) => sweepVolumes(metadata, volumes, logger),
  };
}

async function sweepVolumes(
  metadata: MetadataStore,
  volumes: Pick<QemuVolumes, 'sweep'>,
  logger: Logger,
): Promise<void> {
  const records: NamedRecords = await metadata.read(readNamedRecords);
  for (const { what, name } of await volumes.sweep(sweepRequest(records))) {
    logger.log('info', 'removed what interrupted work left', { what, name });
  }
}
