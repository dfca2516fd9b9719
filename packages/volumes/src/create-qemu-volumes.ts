import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { allEnded, type Clock, KeyedLock, type Logger } from '@bakehouse/base';
import type {
  BlockMapId,
  HotMaps,
  InstanceId,
  MachineFile,
  VolumeDisks,
  VolumeFreezer,
  VolumeId,
} from '@bakehouse/domain';
import { type ControlGroups, type JailFolder, type JailUsers, syncPath } from '@bakehouse/host';
import type { QemuBlockdevs } from '@bakehouse/qmp';
import { copyDiskFile } from './disks/copy-disk-file.ts';
import { createDisk, diskBytes, listDisks, removeDisk } from './disks/create-disk.ts';
import { type ChainRequest, chainForMachine } from './disks/disk-chain.ts';
import { diskPaths } from './disks/disk-paths.ts';
import { growDisk } from './disks/grow-disk.ts';
import { closeDoor, filesInDoor, openDoor, takeFromMachine } from './disks/machine-door.ts';
import { freezeDisks } from './freeze/freeze-disks.ts';
import { thawDisk } from './freeze/thaw-disk.ts';
import { hotContext, type MapSource } from './hot/hot-context.ts';
import { fileHotMaps } from './hot/hot-maps.ts';
import { endHydration, hydrateDisk } from './hydrate-disk.ts';
import { makePrivateFolder } from './make-private-folder.ts';
import { qmpMonitors } from './qemu/monitor-pool.ts';
import { endGroupsOfDisk } from './qemu/tool-group.ts';
import { type Stray, type SweepRequest, sweepDisks } from './sweep-disks.ts';
import type { VolumeContext } from './volume-context.ts';
import { defaultVolumeLimits, type VolumeLimits } from './volume-limits.ts';

export interface QemuVolumesOptions {
  /** One folder per volume. The path may have any length. */
  readonly directory: string;
  /** Of hot maps, one folder for each. Made when it is needed. */
  readonly hotDirectory: string;
  /** What hot maps are made from. */
  readonly maps: MapSource;
  /**
   * For sockets and pid files, the same at each start. At most 75 bytes: the address of a Unix socket holds 107, and
   * QEMU's tools cannot name one otherwise.
   */
  readonly runtimeDirectory: string;
  /**
   * Where the block server exports maps; at most 107 bytes. Jails have its folder, which holds nothing that a guest
   * must not reach.
   */
  readonly exporterSocketPath: string;
  /**
   * What the block server exports a map as: a name that only who may read the map can know. With the volume that a machine
   * reads it for.
   */
  readonly exportName: (mapId: BlockMapId, volumeId?: VolumeId) => Promise<string>;
  /** The users of the jails in which QEMU's tools work on disks at rest: that of the disk's folder. */
  readonly users: JailUsers;
  /** Limits of memory, processors, threads and disks for QEMU's tools. */
  readonly groups: () => Promise<Pick<ControlGroups, 'make' | 'remove'>>;
  /** The user of a machine's jail. */
  readonly machineUser: (instanceId: InstanceId) => Promise<number>;
  /** The QMP monitor for disks of a running machine; nobody else connects to it. */
  readonly instanceSockets: (instanceId: InstanceId) => string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<VolumeLimits>;
}

export interface QemuVolumes extends VolumeDisks, VolumeFreezer {
  readonly hot: HotMaps;
  /**
   * The disk for a machine: what to `blockdev-add`, in order. Call it again for each start and each attachment: it
   * depends on hydration, and removes earlier views. Rejects with DiskMissingError, and with DiskFrozenError while a
   * view of the disk at rest is read: wait for its thaw.
   */
  blockdevChain(request: ChainRequest): Promise<QemuBlockdevs>;
  /** Makes the folders that a machine's jail needs for its disks. Repeatable. */
  openMachine(instanceId: InstanceId): Promise<readonly JailFolder[]>;
  /** Takes a disk from a machine that has closed it. Repeatable. */
  takeFromMachine(volumeId: VolumeId): Promise<void>;
  /** Gives a disk the local content of another with the same origin. Nothing uses either. */
  copyDisk(from: VolumeId, to: VolumeId, options: { readonly signal: AbortSignal }): Promise<void>;
  /** Resolves when what was written to the disk's own file by now is on the host's disk. */
  writeBack(volumeId: VolumeId): Promise<void>;
  /** What the files take that a machine grows: its disks, and what is kept of them for snapshots. */
  machineFiles(instanceId: InstanceId): Promise<readonly MachineFile[]>;
  /** Removes what `openMachine` made. The machine has ended. */
  closeMachine(instanceId: InstanceId): Promise<void>;
  /** Frees what the host keeps for disks' folders, which stay: user ids, control groups. Only when no tool works on any. */
  releaseUsers(): Promise<void>;
  /** Removes what a crash left; with `dryRun` only reports it. */
  sweep(request: SweepRequest): Promise<readonly Stray[]>;
}

/** Volumes as qcow2 overlays that QEMU itself writes. Does nothing before its first use. */
export function createQemuVolumes(options: QemuVolumesOptions): QemuVolumes {
  return qemuVolumes(volumeContext(options));
}

/** What the operations share. */
export function volumeContext(options: QemuVolumesOptions): VolumeContext {
  const limits = { ...defaultVolumeLimits, ...options.limits };
  // QEMU runs in another folder, so every path for it has to be absolute.
  const directory = resolve(options.directory);
  const runtimeDirectory = resolve(options.runtimeDirectory);
  const exporterSocketPath = resolve(options.exporterSocketPath);
  assertSocketFits(runtimeDirectory, 107 - socketNameBytesMax);
  assertSocketFits(exporterSocketPath, 107);
  const locks = new KeyedLock();
  const { clock, logger, maps } = options;
  return {
    paths: diskPaths(directory),
    runtimeDirectory,
    exporterSocketPath,
    exportName: options.exportName,
    users: options.users,
    groups: options.groups,
    machineUser: options.machineUser,
    instanceSockets: options.instanceSockets,
    monitors: qmpMonitors(limits.qmpTimeoutMs),
    locks,
    beingFilled: new Set(),
    hot: hotContext(resolve(options.hotDirectory), { maps, locks, clock, logger }),
    clock,
    logger,
    limits,
    limitsOfWait: {
      clock,
      pollMs: limits.pollMs,
      timeoutMs: limits.settleTimeoutMs,
    },
  };
}

/** The operations over a context. */
export function qemuVolumes(context: VolumeContext): QemuVolumes {
  const withFolders = async () => {
    await mkdir(context.paths.directory, { recursive: true, mode: 0o700 });
    await makePrivateFolder(context.runtimeDirectory);
  };
  const placeOf = (instanceId: InstanceId | undefined) => instanceId && { instanceId };
  return {
    async create(disk) {
      await withFolders();
      return await createDisk(context, disk);
    },
    remove: (volumeId) => removeDisk(context, volumeId),
    grow: (volumeId, sizeBytes, instanceId) =>
      growDisk(context, { volumeId, sizeBytes, ...placeOf(instanceId) }),
    list: () => listDisks(context),
    localBytes: (volumeId) => diskBytes(context, volumeId),
    async hydrate(volumeId, instanceId, hydrateOptions) {
      await withFolders();
      return hydrateDisk(context, { volumeId, ...placeOf(instanceId) }, hydrateOptions);
    },
    endHydration: (volumeId, instanceId) =>
      endHydration(context, { volumeId, ...placeOf(instanceId) }),
    async freeze(volumes, instanceId) {
      await withFolders();
      return freezeDisks(context, volumes, instanceId);
    },
    async thaw(volumes, outcome, instanceId) {
      const thaws = volumes.map((volume) =>
        thawDisk(context, { volume, outcome, ...placeOf(instanceId) }),
      );
      await allEnded(thaws);
    },
    hot: fileHotMaps(context),
    blockdevChain: (request) => chainForMachine(context, request),
    async openMachine(instanceId) {
      await withFolders();
      return openDoor(context, instanceId);
    },
    takeFromMachine: (volumeId) =>
      context.locks.run([volumeId], () => takeFromMachine(context, volumeId)),
    copyDisk: (from, to, { signal }) =>
      context.locks.run([from, to], () => copyDiskFile(context, { from, to, signal })),
    writeBack: (volumeId) => syncPath(context.paths.disk(volumeId)),
    machineFiles: (instanceId) => filesInDoor(context, instanceId),
    closeMachine: (instanceId) => closeDoor(context, instanceId),
    async releaseUsers() {
      for (const volumeId of await listDisks(context)) {
        await endGroupsOfDisk(context, volumeId);
        await context.users.release(context.paths.folder(volumeId));
      }
    },
    sweep: (request) => sweepDisks(context, request),
  };
}

/** `/vol-0123456789abcdef0/own/nbd` and the like, with room to spare. */
const socketNameBytesMax = 32;

function assertSocketFits(path: string, bytesMax: number): void {
  if (Buffer.byteLength(path) <= bytesMax) return;
  throw new RangeError(`${path} is too long for Unix sockets: at most ${bytesMax} bytes here`);
}
