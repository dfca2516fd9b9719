import type { VolumeId } from '@bakehouse/domain';
import {
  boundLog,
  exists,
  findProcesses,
  type HostProcess,
  jailedProcess,
  logTail,
  signalProcess,
  spawnJailed,
  statIfExists,
} from '@bakehouse/host';
import { type QemuBlockdevs, QmpClosedError, QmpTimeoutError } from '@bakehouse/qmp';
import { hotFileOfChain } from '../disks/blockdev-chain.ts';
import { hydrateJob } from '../freeze/block-names.ts';
import type { VolumeContext } from '../volume-context.ts';
import { VolumeTimeoutError } from '../volume-errors.ts';
import {
  closeDaemonFolder,
  type DaemonFiles,
  daemonFiles,
  findDaemonFiles,
  makeDaemonJail,
  removeDaemonFiles,
} from './daemon-files.ts';
import { endJobsAndExports } from './end-jobs.ts';
import type { Monitor } from './monitor-pool.ts';
import { endGroupsOfDisk, enterToolGroup } from './tool-group.ts';
import { waitUntil } from './wait-until.ts';

const daemonProgram = 'qemu-storage-daemon';

/** `none`: there is no daemon. `dead`: its socket exists and nobody answers. */
type Visit<Result> = { readonly result: Result } | 'none' | 'dead';

/** Works with the daemon of a volume; undefined when there is none. What a dead one left is removed. */
export async function withRunningDaemon<Result>(
  context: VolumeContext,
  volumeId: VolumeId,
  work: (monitor: Monitor) => Promise<Result>,
): Promise<{ readonly result: Result } | undefined> {
  const visit = await visitDaemon(context, volumeId, work);
  if (visit === 'dead') await clearDeadDaemon(context, volumeId);
  return typeof visit === 'string' ? undefined : visit;
}

/** As `withRunningDaemon`, and leaves a daemon that does not respond as it is. */
export async function askRunningDaemon<Result>(
  context: VolumeContext,
  volumeId: VolumeId,
  work: (monitor: Monitor) => Promise<Result>,
): Promise<{ readonly result: Result } | undefined> {
  const visit = await visitDaemon(context, volumeId, work);
  return typeof visit === 'string' ? undefined : visit;
}

async function visitDaemon<Result>(
  context: VolumeContext,
  volumeId: VolumeId,
  work: (monitor: Monitor) => Promise<Result>,
): Promise<Visit<Result>> {
  const files = await findDaemonFiles(context, volumeId);
  if (!(await exists(files.monitor))) return 'none';
  if (files.folder !== undefined) await boundLog(files.log);
  return (await context.monitors.visit(files.monitor, work)) ?? 'dead';
}

export async function startDaemon(
  context: VolumeContext,
  volumeId: VolumeId,
  blockdevs: QemuBlockdevs,
): Promise<void> {
  await clearDeadDaemon(context, volumeId);
  const files = daemonFiles(context.runtimeDirectory, volumeId);
  const argv = [daemonProgram, ...planDaemonArgs(files, blockdevs)];
  const name = `storage daemon of ${volumeId}`;
  const log = { path: files.log, keep: false };
  const jail = await makeDaemonJail(context, volumeId, hotFileOfChain(blockdevs, volumeId));
  const enter = await enterToolGroup(context, { user: jail.user, volumeId, kind: 'daemon' });
  const started = await spawnJailed({ name, argv, jail, enter, log, infoPath: files.info });
  let end: string | undefined;
  void started.ended.then((how) => {
    end = how;
  });
  await waitUntil(
    async () => {
      if (end === undefined) return isAnswering(context, files);
      throw new Error(`the ${name} did not start: ${end}; it wrote: ${await logTail(files.log)}`);
    },
    {
      ...context.limitsOfWait,
      timeoutMs: context.limits.toolTimeoutMs,
      what: `start of the ${name}`,
    },
  );
  try {
    await closeDaemonFolder(files);
  } catch (error) {
    await clearDeadDaemon(context, volumeId);
    throw error;
  }
}

async function isAnswering(context: VolumeContext, { monitor }: DaemonFiles): Promise<boolean> {
  if (!(await exists(monitor))) return false;
  return (await context.monitors.visit(monitor, async () => true)) !== undefined;
}

export function planDaemonArgs(files: DaemonFiles, blockdevs: QemuBlockdevs): readonly string[] {
  return [
    ...['--pidfile', files.pid],
    ...[
      '--chardev',
      `socket,id=qmp,server=on,wait=off,path=${files.monitor.replaceAll(',', ',,')}`,
    ],
    ...['--monitor', 'chardev=qmp'],
    ...blockdevs.flatMap((blockdev) => ['--blockdev', JSON.stringify(blockdev)]),
  ];
}

/**
 * Ends the daemon of a volume in an orderly way, which stores the bitmaps; resolves when it has ended. One that
 * cannot end, as its reads wait for a block server that does not respond, is killed: the next snapshot reads more.
 */
export async function stopDaemon(context: VolumeContext, volumeId: VolumeId): Promise<void> {
  try {
    await quitDaemon(context, volumeId);
  } catch (error) {
    if (!(error instanceof VolumeTimeoutError || error instanceof QmpTimeoutError)) throw error;
    context.logger.log('warn', 'killed a storage daemon that did not end', { volumeId });
    await clearDeadDaemon(context, volumeId);
  }
}

async function quitDaemon(context: VolumeContext, volumeId: VolumeId): Promise<void> {
  const files = await findDaemonFiles(context, volumeId);
  const running = await withRunningDaemon(context, volumeId, async (monitor) => {
    // Otherwise a daemon that quits may finish its copying first.
    const jobs = [hydrateJob(volumeId)];
    await endJobsAndExports(monitor, { jobs }, context.limitsOfWait);
    await monitor.execute('quit').catch((error: unknown) => {
      if (!(error instanceof QmpClosedError)) throw error;
    });
  });
  if (!running) return;
  // The daemon may remove the file at any time; its process is what must end.
  const hasEnded = async () => !(await exists(files.pid)) && !(await findJailed(files));
  await waitUntil(hasEnded, {
    ...context.limitsOfWait,
    what: `end of the storage daemon of ${volumeId}`,
  });
  await removeDaemonFiles(files);
  await endGroupsOfDisk(context, volumeId, ['daemon']);
}

/** Ends the process if it hangs, and removes its files. */
async function clearDeadDaemon(context: VolumeContext, volumeId: VolumeId): Promise<void> {
  const files = await findDaemonFiles(context, volumeId);
  await endDaemonProcesses(context, files);
  await removeDaemonFiles(files);
  await endGroupsOfDisk(context, volumeId, ['daemon']);
}

/**
 * Kills daemons of the volume that do not respond, including one without a pid file yet, which a control plane was
 * starting when it was killed.
 */
async function endDaemonProcesses(context: VolumeContext, files: DaemonFiles): Promise<void> {
  const daemons = await findDaemons(files);
  if (daemons.length === 0) return;
  for (const daemon of daemons) await signalProcess(daemon, 'SIGKILL');
  await waitUntil(async () => (await findDaemons(files)).length === 0, {
    ...context.limitsOfWait,
    what: `end of the storage daemon with ${files.pid}`,
  });
}

/** By their jail; those of a release without jails by their command lines, as a pid may be another process's by now. */
async function findDaemons(files: DaemonFiles): Promise<readonly HostProcess[]> {
  const jailed = await findJailed(files);
  if (jailed !== undefined) return [jailed];
  return await findProcesses(
    ({ argv: [program = '', ...args] }) =>
      program.endsWith(daemonProgram) && args.includes(files.pid),
  );
}

async function findJailed({ folder, info }: DaemonFiles): Promise<HostProcess | undefined> {
  const user = folder === undefined ? undefined : (await statIfExists(folder))?.gid;
  return user ? await jailedProcess(info, user) : undefined;
}
