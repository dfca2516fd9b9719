import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, rm, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MiB, silentLogger, systemClock } from '@bakehouse/base';
import type { BlockMapId, FrozenVolume, InstanceId, SnapshotId, VolumeId } from '@bakehouse/domain';
import {
  type BlockSourceAddress,
  blockSourceAddress,
  findControlGroups,
  jailedProcess,
  jailUsers,
  spawnJailed,
} from '@bakehouse/host';
import { connectQmp, type QmpClient, QmpClosedError } from '@bakehouse/qmp';
import { onTestFinished } from 'vitest';
import { qemuVolumes, volumeContext } from '../src/create-qemu-volumes.ts';
import type { QemuVolumes, VolumeLimits } from '../src/index.ts';
import { MonitorPool } from '../src/qemu/monitor-pool.ts';
import { startExporter } from './exporter.ts';
import { mapOfFile } from './map-of-file.ts';

const run = promisify(execFile);

export const originMapId: BlockMapId = 'map-00000000000000001';
export const diskBytes = 64 * MiB;
export const id = {
  volume: (n: number): VolumeId => `vol-${hex(n)}`,
  snapshot: (n: number): SnapshotId => `snap-${hex(n)}`,
  map: (n: number): BlockMapId => `map-${hex(n)}`,
  instance: (n: number): InstanceId => `i-${hex(n)}`,
};
const hex = (n: number) => n.toString(16).padStart(17, '0');

export const jailedUsers = { first: 710_000, last: 719_999 };

/** A QEMU without a guest: its disks are written through the monitor, as a guest would. */
export interface Machine {
  readonly instanceId: InstanceId;
  /** Fills `lengthBytes` at `offset` with a byte, through the guest's device. */
  write(
    device: number,
    offset: number,
    options: { byte: number; lengthBytes: number },
  ): Promise<void>;
  /** A command of qemu-io, through the guest's device. */
  io(device: number, command: string): Promise<void>;
  /** Ends as after a guest's orderly shutdown. */
  quit(): Promise<void>;
  kill(): Promise<void>;
  /** From now on it exists and does not respond. */
  hang(): void;
  readonly execute: (command: string, args?: Record<string, unknown>) => Promise<unknown>;
}

export interface Rig extends AsyncDisposable {
  readonly directory: string;
  readonly volumesDirectory: string;
  /** A second one is the control plane after a `kill -9`: it knows only what is on disk. */
  volumes(limits?: Partial<VolumeLimits>): QemuVolumes;
  /** A control plane that dies when it has sent so many commands to QEMU. */
  dyingVolumes(commandsMax: number): QemuVolumes;
  start(volumeIds: readonly VolumeId[], n?: number): Promise<Machine>;
  /** As `volumes`, after a start of the host. */
  volumesAfterBoot(): QemuVolumes;
  stopOrigin(): Promise<void>;
  restartOrigin(): Promise<void>;
}

/** A rig that is removed with the test. */
export async function openedRig(): Promise<Rig> {
  const rig = await openRig();
  onTestFinished(() => rig[Symbol.asyncDispose]());
  return rig;
}

/** An origin of 16 MiB: 0x11 in its first 8 MiB, zeros, and 0x22 in its last MiB. */
async function writeOrigin(path: string): Promise<string> {
  const origin = await open(path, 'w');
  await origin.write(Buffer.alloc(8 * MiB, 0x11), 0, 8 * MiB, 0);
  await origin.write(Buffer.alloc(MiB, 0x22), 0, MiB, 15 * MiB);
  await origin.close();
  return path;
}

/** The machine of a QEMU process, driven by its monitor; `ended` resolves when the process has. */
function machineOf(
  instanceId: InstanceId,
  pid: number,
  {
    guest,
    ended,
    forget,
  }: {
    guest: Awaited<ReturnType<typeof connected>>;
    ended: () => Promise<void>;
    forget: () => Promise<void>;
  },
): Machine {
  const guestIo = async (device: number, command: string) => {
    const line = `qemu-io -d /machine/peripheral/d${device}/virtio-backend "${command}"`;
    await guest.execute('human-monitor-command', { 'command-line': line });
  };
  return {
    instanceId,
    execute: (command, args) => guest.execute(command, args),
    io: guestIo,
    write: (device, offset, { byte, lengthBytes }) =>
      guestIo(device, `write -P ${byte} ${offset} ${lengthBytes}`),
    async quit() {
      await guest.execute('quit').catch(() => {});
      await ended();
      await forget();
    },
    hang() {
      process.kill(pid, 'SIGSTOP');
    },
    async kill() {
      process.kill(pid, 'SIGKILL');
      await ended();
    },
  };
}

/** A folder with an origin that is served. */
async function openRig(): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'bakehouse-volumes-'));
  const path = (name: string) => join(directory, name);
  const volumesDirectory = path(`${'x'.repeat(120)}/volumes`);
  const rawPath = await writeOrigin(path('origin.raw'));
  const exporterSocketPath = path('origin/nbd');
  await mkdir(path('origin'));
  let exporter = await startExporter(exporterSocketPath, rawPath, originMapId);
  const running: Running = { monitors: new Map(), pids: new Set() };
  const users = jailUsers({ range: jailedUsers, claims: path('users') });
  const machineFolder = (instanceId: InstanceId) => path(`machines/${instanceId}`);
  const machineUser = (instanceId: InstanceId) => users.of(machineFolder(instanceId));

  const contextWith = (limits: Partial<VolumeLimits> = {}) =>
    volumeContext({
      directory: volumesDirectory,
      hotDirectory: path('hot-maps'),
      maps: mapOfFile(originMapId, rawPath),
      runtimeDirectory: path('run'),
      exporterSocketPath,
      exportName: async (mapId) => mapId,
      groups: () => findControlGroups(),
      machineUser,
      users,
      instanceSockets: (instanceId) => running.monitors.get(instanceId),
      clock: systemClock,
      logger: silentLogger,
      limits: { hydratePollMs: 20, ...limits },
    });
  const volumes = (limits: Partial<VolumeLimits> = {}) => qemuVolumes(contextWith(limits));

  return {
    directory,
    volumesDirectory,
    volumes,
    volumesAfterBoot() {
      const context = contextWith();
      return qemuVolumes({ ...context, hot: { ...context.hot, bootId: async () => 'next' } });
    },
    dyingVolumes: (commandsMax) =>
      qemuVolumes({ ...contextWith(), monitors: dyingMonitors(commandsMax) }),
    async start(volumeIds, n = 1) {
      const instanceId = id.instance(n);
      const folder = machineFolder(instanceId);
      const user = await machineUser(instanceId);
      return startMachine(volumes(), running, { instanceId, volumeIds, folder, user });
    },
    stopOrigin: () => exporter.stop(),
    async restartOrigin() {
      await exporter.stop();
      exporter = await startExporter(exporterSocketPath, rawPath, originMapId);
    },
    async [Symbol.asyncDispose]() {
      await volumes().sweep({ wanted: new Set(), instanceIds: [] });
      await exporter.stop();
      for (const pid of running.pids) process.kill(pid, 'SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface MachineToSpawn {
  readonly instanceId: InstanceId;
  readonly volumeIds: readonly VolumeId[];
  readonly folder: string;
  readonly user: number;
}

/** The machines of a rig: their monitors for disks, and their processes. */
interface Running {
  readonly monitors: Map<InstanceId, string>;
  readonly pids: Set<number>;
}

async function startMachine(
  volumes: QemuVolumes,
  running: Running,
  machine: MachineToSpawn,
): Promise<Machine> {
  const { instanceId } = machine;
  const { monitors, infoPath, gone } = await spawnMachine(volumes, machine);
  const guest = await connected(monitors.guest);
  const { pid } = (await jailedProcess(infoPath, machine.user)) ?? { pid: 0 };
  running.pids.add(pid);
  running.monitors.set(instanceId, monitors.disks);
  const ended = async () => {
    await gone;
    running.pids.delete(pid);
    running.monitors.delete(instanceId);
  };
  const forget = () => volumes.closeMachine(instanceId);
  return machineOf(instanceId, pid, { guest, ended, forget });
}

/** A jailed QEMU. Its monitors are in its folder, and what is known of its process beside that. */
async function spawnMachine(
  volumes: QemuVolumes,
  { instanceId, volumeIds, folder, user }: MachineToSpawn,
) {
  await chmod(folder, 0o770);
  const monitors = { disks: join(folder, 'disks'), guest: join(folder, 'guest') };
  for (const socket of Object.values(monitors)) await unlink(socket).catch(() => {});
  const folders = await volumes.openMachine(instanceId);
  const chains = await Promise.all(
    volumeIds.map((volumeId) => volumes.blockdevChain({ volumeId, instanceId })),
  );
  const infoPath = `${folder}.json`;
  const { ended: gone } = await spawnJailed({
    name: `machine of ${instanceId}`,
    argv: ['qemu-system-x86_64', ...machineArgs(volumeIds, chains, monitors)],
    jail: {
      user,
      folders: [{ path: folder, writable: true }, ...folders],
      devices: [],
      network: 'none',
      workingFolder: folder,
      threadsMax: 200,
    },
    enter: [],
    log: { path: `${folder}.log`, keep: false },
    infoPath,
  });
  return { monitors, infoPath, gone };
}

/** Connections that are lost for good after so many commands in all. */
function dyingMonitors(commandsMax: number): MonitorPool {
  let left = commandsMax;
  return new MonitorPool(async (socketPath) => {
    const client = await connectQmp({ socketPath, timeoutMs: 20_000 });
    return {
      ...client,
      async execute(command, args, options) {
        left -= 1;
        if (left >= 0) return client.execute(command, args, options);
        void client.close();
        throw new QmpClosedError(`the test ends the control plane at ${command}`);
      },
    };
  });
}

function machineArgs(
  volumeIds: readonly VolumeId[],
  chains: readonly (readonly object[])[],
  monitors: { readonly disks: string; readonly guest: string },
): string[] {
  return [
    ...['-S', '-nodefaults', '-display', 'none', '-machine', 'q35,accel=tcg', '-m', '32'],
    ...Object.values(monitors).flatMap((path) => ['-qmp', `unix:${path},server=on,wait=off`]),
    ...chains.flat().flatMap((blockdev) => ['-blockdev', JSON.stringify(blockdev)]),
    ...volumeIds.flatMap((volumeId, n) => ['-device', `virtio-blk-pci,drive=${volumeId},id=d${n}`]),
  ];
}

/** A socket has its name before it listens: so this tries until QEMU responds. */
async function connected(socketPath: string): Promise<QmpClient> {
  const endsAt = Date.now() + 20_000;
  for (;;) {
    try {
      return await connectQmp({ socketPath, timeoutMs: 20_000 });
    } catch (error) {
      if (Date.now() > endsAt) throw error;
      await systemClock.sleep(10);
    }
  }
}

/** All bytes of a frozen view, read over NBD. */
export async function readView(rig: Rig, view: FrozenVolume): Promise<Buffer> {
  const target = join(rig.directory, `${view.snapshotId}.raw`);
  const source = blockSourceAddress(view.source);
  if (source.kind !== 'nbd') throw new Error('a view is served over NBD');
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'raw', nbdUri(source), target]);
  const file = await open(target);
  try {
    return await file.readFile();
  } finally {
    await file.close();
    await rm(target);
  }
}

/** The changed ranges of a view by the rule of BlockSourceAddress, as [offset, length] in MiB. */
export async function changedMiB(
  view: FrozenVolume,
): Promise<readonly (readonly [number, number])[]> {
  const source = blockSourceAddress(view.source);
  if (source.kind !== 'nbd') throw new Error('a view is served over NBD');
  const { changedContext, changedDepthMax = 1 } = source;
  const { stdout } = await run('nbdinfo', ['--json', `--map=${changedContext}`, nbdUri(source)]);
  const extents: { offset: number; length: number; type: number }[] = JSON.parse(stdout);
  const isChanged = (type: number) =>
    changedContext === 'base:allocation' ? (type & 1) === 0 : type >= 1 && type <= changedDepthMax;
  return extents
    .filter(({ type }) => isChanged(type))
    .map(({ offset, length }) => [offset / MiB, length / MiB]);
}

export function nbdUri(source: Extract<BlockSourceAddress, { kind: 'nbd' }>): string {
  return `nbd+unix:///${source.exportName}?socket=${source.socketPath}`;
}

export const one = (views: readonly FrozenVolume[]): FrozenVolume => {
  const [view] = views;
  if (!view || views.length > 1) throw new Error(`${views.length} views`);
  return view;
};

/** The byte at an offset. */
export const at = (bytes: Buffer, offsetMiB: number) => bytes[offsetMiB * MiB];

/** bubblewrap, which stays outside of a jail, has the same arguments and ends right after it. */
export async function processesWith(text: string): Promise<readonly string[]> {
  const { stdout } = await run('ps', ['-eo', 'args']);
  return stdout.split('\n').filter((line) => line.includes(text) && !line.includes('bwrap'));
}

/** The process of the storage daemon of a volume. */
export async function pidOfDaemon(rig: Rig, volumeId: VolumeId): Promise<number> {
  const folder = join(rig.directory, 'run', volumeId);
  const daemon = await jailedProcess(join(folder, 'jail.json'), (await stat(folder)).gid);
  if (daemon === undefined) throw new Error(`${volumeId} has no storage daemon`);
  return daemon.pid;
}

/** Kills the storage daemon of a volume. */
export async function killDaemon(rig: Rig, volumeId: VolumeId): Promise<void> {
  process.kill(await pidOfDaemon(rig, volumeId), 'SIGKILL');
}
