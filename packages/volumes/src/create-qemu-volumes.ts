import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Clock, KeyedLock, type Logger } from '@bakehouse/base';
import type { InstanceId, VolumeDisks, VolumeFreezer } from '@bakehouse/domain';
import type { QemuBlockdevs } from '@bakehouse/qmp';
import { createVolume, listVolumes, removeVolume, volumeBytes } from './create-volume.ts';
import { type ChainRequest, chainForMachine } from './disk-chain.ts';
import { freezeVolumes } from './freeze-volumes.ts';
import { growVolume } from './grow-volume.ts';
import { endHydration, hydrateVolume } from './hydrate-volume.ts';
import { makePrivateFolder } from './make-private-folder.ts';
import { MonitorPool } from './monitor-pool.ts';
import { type Stray, type SweepRequest, sweepVolumes } from './sweep-volumes.ts';
import { thawVolume } from './thaw-volumes.ts';
import type { VolumeContext } from './volume-context.ts';
import { defaultVolumeLimits, type VolumeLimits } from './volume-limits.ts';
import { volumePaths } from './volume-paths.ts';

export interface QemuVolumesOptions {
  /** One folder per volume; of any length. */
  readonly directory: string;
  /**
   * For sockets and pid files, the same at each start. At most 75 bytes: the address of a Unix socket
   * holds 107, and QEMU's tools have no other way to name one.
   */
  readonly runtimeDirectory: string;
  /** Where the block server exports maps; at most 107 bytes. */
  readonly exporterSocketPath: string;
  /** The QMP monitor for disks of a machine that runs; nobody else connects to it. */
  readonly instanceSockets: (instanceId: InstanceId) => string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<VolumeLimits>;
}

export interface QemuVolumes extends VolumeDisks, VolumeFreezer {
  /**
   * The disk for a machine: what to `blockdev-add`, in order. To be asked anew for each start and each
   * attachment: hydration and earlier views change with the answer. Rejects with DiskMissingError, and with
   * DiskFrozenError while a view of the disk at rest is read: wait for its thaw.
   */
  blockdevChain(request: ChainRequest): Promise<QemuBlockdevs>;
  /** Removes what a crash left behind; with `dryRun` only tells. */
  sweep(request: SweepRequest): Promise<readonly Stray[]>;
}

/** Volumes as qcow2 overlays that QEMU itself writes. Does nothing until its first use. */
export function createQemuVolumes(options: QemuVolumesOptions): QemuVolumes {
  const limits = { ...defaultVolumeLimits, ...options.limits };
  // QEMU runs in a folder of its own, so that every path it is given has to be absolute.
  const directory = resolve(options.directory);
  const runtimeDirectory = resolve(options.runtimeDirectory);
  const exporterSocketPath = resolve(options.exporterSocketPath);
  assertSocketFits(runtimeDirectory, 107 - socketNameBytesMax);
  assertSocketFits(exporterSocketPath, 107);
  const context: VolumeContext = {
    paths: volumePaths(directory),
    runtimeDirectory,
    exporterSocketPath,
    instanceSockets: options.instanceSockets,
    monitors: new MonitorPool(limits.qmpTimeoutMs),
    locks: new KeyedLock(),
    clock: options.clock,
    logger: options.logger,
    limits,
    limitsOfWait: {
      clock: options.clock,
      pollMs: limits.pollMs,
      timeoutMs: limits.settleTimeoutMs,
    },
  };
  const withFolders = async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await makePrivateFolder(runtimeDirectory);
  };
  return {
    async create(disk) {
      await withFolders();
      await createVolume(context, disk);
    },
    remove: (volumeId) => removeVolume(context, volumeId),
    grow: (volumeId, sizeBytes, instanceId) =>
      growVolume(context, { volumeId, sizeBytes, ...(instanceId && { instanceId }) }),
    list: () => listVolumes(context),
    localBytes: (volumeId) => volumeBytes(context, volumeId),
    async hydrate(volumeId, instanceId, hydrateOptions) {
      await withFolders();
      const where = { volumeId, ...(instanceId && { instanceId }) };
      return hydrateVolume(context, where, hydrateOptions);
    },
    endHydration: (volumeId, instanceId) =>
      endHydration(context, { volumeId, ...(instanceId && { instanceId }) }),
    async freeze(volumes, instanceId) {
      await withFolders();
      return freezeVolumes(context, volumes, instanceId);
    },
    async thaw(volumes, outcome, instanceId) {
      for (const volume of volumes) {
        await thawVolume(context, { volume, outcome, ...(instanceId && { instanceId }) });
      }
    },
    blockdevChain: (request) => chainForMachine(context, request),
    sweep: (request) => sweepVolumes(context, request),
  };
}

/** `/vol-0123456789abcdef0.qmp` and the like, with room to spare. */
const socketNameBytesMax = 32;

function assertSocketFits(path: string, bytesMax: number): void {
  if (Buffer.byteLength(path) <= bytesMax) return;
  throw new RangeError(`${path} is too long for Unix sockets: at most ${bytesMax} bytes here`);
}
