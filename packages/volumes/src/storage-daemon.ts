import { access, chmod, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { VolumeId } from '@bakehouse/domain';
import { type QemuBlockdevs, QmpClosedError, QmpTimeoutError } from '@bakehouse/qmp';
import { hydrateJob } from './block-names.ts';
import type { Monitor } from './monitor-pool.ts';
import { cancelJob } from './nbd-server.ts';
import { runTool } from './run-tool.ts';
import type { VolumeContext } from './volume-context.ts';
import { VolumeTimeoutError } from './volume-errors.ts';
import { waitUntil } from './wait-until.ts';

const daemonProgram = 'qemu-storage-daemon';

/**
 * A QEMU storage daemon holds a disk at rest while a view of it is read: one per volume, detached, found
 * again by its sockets. It takes QEMU's image lock, so that no machine can write the disk meanwhile.
 */
export interface DaemonFiles {
  readonly monitor: string;
  readonly nbd: string;
  readonly pid: string;
}

export function daemonFiles(runtimeDirectory: string, volumeId: VolumeId): DaemonFiles {
  const path = (suffix: string) => join(runtimeDirectory, `${volumeId}.${suffix}`);
  return { monitor: path('qmp'), nbd: path('nbd'), pid: path('pid') };
}

/** Works with the daemon of a volume; undefined when there is none. One that is dead is cleared away. */
export async function withRunningDaemon<Result>(
  context: VolumeContext,
  volumeId: VolumeId,
  work: (monitor: Monitor) => Promise<Result>,
): Promise<{ readonly result: Result } | undefined> {
  const answer = await askDaemon(context, volumeId, work);
  if (answer === 'dead') await clearDeadDaemon(context, volumeId);
  return typeof answer === 'string' ? undefined : answer;
}

/** As `withRunningDaemon`, and leaves what does not answer as it is. */
export async function askRunningDaemon<Result>(
  context: VolumeContext,
  volumeId: VolumeId,
  work: (monitor: Monitor) => Promise<Result>,
): Promise<{ readonly result: Result } | undefined> {
  const answer = await askDaemon(context, volumeId, work);
  return typeof answer === 'string' ? undefined : answer;
}

async function askDaemon<Result>(
  context: VolumeContext,
  volumeId: VolumeId,
  work: (monitor: Monitor) => Promise<Result>,
): Promise<{ readonly result: Result } | 'none' | 'dead'> {
  const files = daemonFiles(context.runtimeDirectory, volumeId);
  if (!(await exists(files.monitor))) return 'none';
  let isConnected = false;
  try {
    const result = await context.monitors.use(files.monitor, async (monitor) => {
      isConnected = true;
      return work(monitor);
    });
    return { result };
  } catch (error) {
    if (isConnected || !(error instanceof QmpClosedError)) throw error;
    return 'dead';
  }
}

export async function startDaemon(
  context: VolumeContext,
  volumeId: VolumeId,
  blockdevs: QemuBlockdevs,
): Promise<void> {
  const files = daemonFiles(context.runtimeDirectory, volumeId);
  const args = planDaemonArgs(files, blockdevs);
  await endDaemonProcesses(context, files);
  await runTool(daemonProgram, args, context.limits.toolTimeoutMs);
  // It has a umask of its own, once it is a daemon.
  await chmod(files.monitor, 0o600);
}

export function planDaemonArgs(files: DaemonFiles, blockdevs: QemuBlockdevs): readonly string[] {
  return [
    '--daemonize',
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
 * Ends the daemon of a volume in an orderly way, which stores the bitmaps; resolves when it is gone. One that
 * cannot end, as its reads wait for a block server that is away, is killed: the next snapshot reads more.
 */
export async function stopDaemon(context: VolumeContext, volumeId: VolumeId): Promise<void> {
  try {
    await quitDaemon(context, volumeId);
  } catch (error) {
    if (!(error instanceof VolumeTimeoutError || error instanceof QmpTimeoutError)) throw error;
    context.logger.log('warn', 'a storage daemon does not end, killed', { volumeId });
    await clearDeadDaemon(context, volumeId);
  }
}

async function quitDaemon(context: VolumeContext, volumeId: VolumeId): Promise<void> {
  const files = daemonFiles(context.runtimeDirectory, volumeId);
  const answer = await withRunningDaemon(context, volumeId, async (monitor) => {
    // Left to itself, a daemon that quits may first finish what it copies.
    await cancelJob(monitor, hydrateJob(volumeId), context.limitsOfWait);
    await monitor.execute('quit').catch((error: unknown) => {
      if (!(error instanceof QmpClosedError)) throw error;
    });
  });
  if (!answer) return;
  await waitUntil(async () => !(await exists(files.pid)), {
    ...context.limitsOfWait,
    what: `end of the storage daemon of ${volumeId}`,
  });
  await rm(files.monitor, { force: true });
  await rm(files.nbd, { force: true });
}

/** Nobody answers: ends the process if it hangs, and removes what it left. */
async function clearDeadDaemon(context: VolumeContext, volumeId: VolumeId): Promise<void> {
  const files = daemonFiles(context.runtimeDirectory, volumeId);
  await endDaemonProcesses(context, files);
  for (const path of Object.values(files)) await rm(path, { force: true });
}

/**
 * Kills daemons of the volume that do not answer: also one that a control plane was starting when it was
 * killed, which has no pid file yet. They are known by their command lines: a pid may be another's since.
 */
async function endDaemonProcesses(context: VolumeContext, files: DaemonFiles): Promise<void> {
  for (const pid of await daemonPids(files)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself; the wait below has the last word.
    }
  }
  await waitUntil(async () => (await daemonPids(files)).length === 0, {
    ...context.limitsOfWait,
    what: `end of the storage daemon with ${files.pid}`,
  });
}

async function daemonPids(files: DaemonFiles): Promise<readonly number[]> {
  const pids: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const commandLine = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    const [program = '', ...args] = commandLine.split('\0');
    if (program.endsWith(daemonProgram) && args.includes(files.pid)) pids.push(Number(name));
  }
  return pids;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
