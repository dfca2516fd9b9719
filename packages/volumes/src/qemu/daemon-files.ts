import { chmod, chown, mkdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { VolumeId } from '@bakehouse/domain';
import { assertPlainNames, exists, type Jail, readFolderIfExists } from '@bakehouse/host';
import { snapshotOfFleece } from '../disks/disk-paths.ts';
import type { VolumeContext } from '../volume-context.ts';
import { toolThreadsMax } from './tool-group.ts';

/**
 * A QEMU storage daemon holds a disk at rest while a view of it is read: one per volume, detached, jailed, found again
 * by its sockets. It takes QEMU's image lock, so that no machine can write the disk meanwhile.
 */
export interface DaemonFiles {
  /** All of them; absent for a daemon of a release without jails, whose files are in the runtime folder itself. */
  readonly folder?: string;
  readonly monitor: string;
  readonly nbd: string;
  readonly pid: string;
  readonly log: string;
  /** Where bubblewrap writes the process's id. */
  readonly info: string;
}

/** The daemon may make and remove names in here: a socket that it serves later, the pid file at its end. */
const ownFolder = 'own';

const modeAtStart = 0o1770;
/** Of a folder in which the daemon makes no more names: see begin-guest.ts of compute-qemu for why. */
const modeOfUse = 0o710;

export function daemonFiles(runtimeDirectory: string, volumeId: VolumeId): Required<DaemonFiles> {
  const folder = join(runtimeDirectory, volumeId);
  const own = join(folder, ownFolder);
  return {
    folder,
    monitor: join(folder, 'qmp'),
    nbd: join(own, 'nbd'),
    pid: join(own, 'pid'),
    log: join(folder, 'log'),
    info: join(folder, 'jail.json'),
  };
}

/** Those of the daemon that exists, of whichever release. */
export async function findDaemonFiles(
  context: VolumeContext,
  volumeId: VolumeId,
): Promise<DaemonFiles> {
  const files = daemonFiles(context.runtimeDirectory, volumeId);
  const { folder } = files;
  const monitor = `${folder}.qmp`;
  const isEarlier = (await exists(monitor)) || (await exists(`${folder}.pid`));
  if (!isEarlier) return files;
  const { log, info } = files;
  return { monitor, nbd: `${folder}.nbd`, pid: `${folder}.pid`, log, info };
}

/**
 * Makes the folders and gives the disk's files to the user of its folder. The hot file behind the disk is there to read;
 * it stays root's.
 */
export async function makeDaemonJail(
  context: VolumeContext,
  volumeId: VolumeId,
  hotPath: string | undefined,
): Promise<Jail> {
  const { paths, users, runtimeDirectory, exporterSocketPath } = context;
  const disks = paths.folder(volumeId);
  const user = await users.of(disks);
  await chmod(disks, modeOfUse);
  for (const name of await readFolderIfExists(disks)) {
    const isDisk = join(disks, name) === paths.disk(volumeId);
    if (isDisk || snapshotOfFleece(name)) await chown(join(disks, name), user, user);
  }
  const { folder } = daemonFiles(runtimeDirectory, volumeId);
  for (const path of [folder, join(folder, ownFolder)]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chown(path, 0, user);
    await chmod(path, modeAtStart);
  }
  return {
    user,
    folders: [
      { path: disks, writable: true },
      { path: folder, writable: true },
      { path: dirname(exporterSocketPath), writable: false },
      ...(hotPath === undefined ? [] : [{ path: hotPath, writable: false }]),
    ],
    devices: [],
    network: 'none',
    workingFolder: folder,
    threadsMax: toolThreadsMax,
  };
}

/**
 * The daemon has made its monitor: from now on it cannot put a link in its place. Rejects when it has made anything
 * else, as a hostile disk may have taken it over.
 */
export async function closeDaemonFolder({ folder, monitor }: DaemonFiles): Promise<void> {
  if (folder === undefined) return;
  await chmod(folder, modeOfUse);
  const { gid: user } = await stat(folder);
  await assertPlainNames(folder, { user, mayMake: (name) => name === basename(monitor) });
}

export async function removeDaemonFiles({ folder, monitor, nbd, pid }: DaemonFiles): Promise<void> {
  const paths = folder === undefined ? [monitor, nbd, pid] : [folder];
  for (const path of paths) await rm(path, { recursive: true, force: true });
}
