import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isResourceId } from '@bakehouse/base';
import type { InstanceId, SnapshotId, VolumeId } from '@bakehouse/domain';
import { QmpClosedError } from '@bakehouse/qmp';
import { readBlockGraph } from './block-graph.ts';
import { hydrateJob } from './block-names.ts';
import { listVolumes, namesIn } from './create-volume.ts';
import { instanceNbdSocket } from './freeze-volumes.ts';
import { endView, viewsOf, viewsOfVolume } from './frozen-view.ts';
import { MonitorPool } from './monitor-pool.ts';
import { askRunningDaemon, daemonFiles, stopDaemon, withRunningDaemon } from './storage-daemon.ts';
import type { VolumeContext } from './volume-context.ts';
import { snapshotOfFleece, volumeOfTemporary } from './volume-paths.ts';

export interface SweepRequest {
  /** Snapshots whose capture is under way: their views stay. */
  readonly wanted: ReadonlySet<SnapshotId>;
  /** The machines that run. */
  readonly instanceIds: readonly InstanceId[];
  /** Only tells what would go. */
  readonly dryRun?: boolean;
}

export interface Stray {
  readonly what: 'folder' | 'fleece' | 'view' | 'daemon' | 'socket';
  /** A path, or a snapshot's id with where its view is. */
  readonly name: string;
}

/**
 * Finds and removes what a crash left behind: views nobody waits for, and files of unfinished work. What
 * does not answer keeps nobody waiting for long: its views stay until the next sweep.
 */
export async function sweepVolumes(
  context: VolumeContext,
  request: SweepRequest,
): Promise<readonly Stray[]> {
  const impatient = request.dryRun ? context : withSweepLimits(context);
  const inMachines = await Promise.all(
    request.instanceIds.map((instanceId) =>
      orNothing(context, instanceId, sweepMachine(impatient, request, instanceId)),
    ),
  );
  const temporaries = await sweepTemporaries(context, request);
  const sockets = await sweepSockets(context, request);
  const sweepVolume = (volumeId: VolumeId) =>
    context.locks.run([volumeId], async () => [
      ...(await sweepDaemon(context, request, volumeId)),
      ...(await sweepFleeces(context, request, volumeId)),
    ]);
  const atRest = await Promise.all(
    [...(await volumesWithRemains(context))].map((volumeId) =>
      orNothing(context, volumeId, sweepVolume(volumeId)),
    ),
  );
  return [...inMachines.flat(), ...temporaries, ...sockets, ...atRest.flat()];
}

/** Before the platform serves anybody; a connection of its own would wait for the one that works. */
function withSweepLimits(context: VolumeContext): VolumeContext {
  const timeoutMs = context.limits.sweepTimeoutMs;
  const limitsOfWait = { ...context.limitsOfWait, timeoutMs };
  return { ...context, monitors: new MonitorPool(timeoutMs), limitsOfWait };
}

async function orNothing(
  context: VolumeContext,
  of: InstanceId | VolumeId,
  sweep: Promise<readonly Stray[]>,
): Promise<readonly Stray[]> {
  try {
    return await sweep;
  } catch (error) {
    // A machine that ended has no views.
    if (!(error instanceof QmpClosedError)) {
      context.logger.log('warn', 'views could not be swept', { of, error: `${error}` });
    }
    return [];
  }
}

async function sweepMachine(
  context: VolumeContext,
  { wanted, dryRun }: SweepRequest,
  instanceId: InstanceId,
): Promise<readonly Stray[]> {
  const monitorPath = context.instanceSockets(instanceId);
  if (monitorPath === undefined) return [];
  return context.monitors.use(monitorPath, async (monitor) => {
    const strays: Stray[] = [];
    const graph = await readBlockGraph(monitor);
    for (const volumeId of [...graph.nodes.keys()].filter((name) => isResourceId('vol', name))) {
      for (const snapshotId of viewsOfVolume(graph, volumeId)) {
        if (wanted.has(snapshotId)) continue;
        strays.push({ what: 'view', name: `${snapshotId} in ${instanceId}` });
        if (dryRun) continue;
        const socketPath = instanceNbdSocket(context, instanceId);
        const volume = { volumeId, snapshotId };
        const ended = { volume, outcome: 'abandoned', socketPath } as const;
        await context.locks.run([volumeId], () => endView(context, monitor, ended));
      }
    }
    return strays;
  });
}

async function sweepDaemon(
  context: VolumeContext,
  { wanted, dryRun }: SweepRequest,
  volumeId: VolumeId,
): Promise<readonly Stray[]> {
  // One that does not answer may be about to: only who removes may end it.
  const use = dryRun ? askRunningDaemon : withRunningDaemon;
  const answer = await use(context, volumeId, async (monitor) => {
    const strays: Stray[] = [];
    const graph = await readBlockGraph(monitor);
    // At a start it is begun anew; while the server works it is no stray.
    if (dryRun && graph.jobs.has(hydrateJob(volumeId))) return { strays, isIdle: false };
    const views = viewsOf(graph);
    for (const snapshotId of views.filter((id) => !wanted.has(id))) {
      strays.push({ what: 'view', name: `${snapshotId} of ${volumeId} at rest` });
      if (dryRun) continue;
      await endView(context, monitor, {
        volume: { volumeId, snapshotId },
        outcome: 'abandoned',
        socketPath: daemonFiles(context.runtimeDirectory, volumeId).nbd,
      });
    }
    return { strays, isIdle: strays.length === views.length };
  });
  if (!answer?.result.isIdle) return answer?.result.strays ?? [];
  if (!dryRun) await stopDaemon(context, volumeId);
  return [...answer.result.strays, { what: 'daemon', name: volumeId }];
}

async function sweepFleeces(
  context: VolumeContext,
  { wanted, dryRun }: SweepRequest,
  volumeId: VolumeId,
): Promise<readonly Stray[]> {
  const folder = context.paths.folder(volumeId);
  const strays: Stray[] = [];
  for (const name of await namesIn(folder)) {
    const snapshotId = snapshotOfFleece(name);
    const isTemporary = name.endsWith('.tmp');
    if (!isTemporary && (snapshotId === undefined || wanted.has(snapshotId))) continue;
    const path = join(folder, name);
    strays.push({ what: 'fleece', name: path });
    if (!dryRun) await rm(path, { force: true });
  }
  return strays;
}

/** Folders that are in the making in this process hold their volume's lock. */
async function sweepTemporaries(
  context: VolumeContext,
  { dryRun }: SweepRequest,
): Promise<readonly Stray[]> {
  const strays: Stray[] = [];
  for (const name of await namesIn(context.paths.directory)) {
    const volumeId = volumeOfTemporary(name);
    if (!volumeId || context.locks.isHeld(volumeId)) continue;
    const path = join(context.paths.directory, name);
    strays.push({ what: 'folder', name: path });
    if (!dryRun) await rm(path, { recursive: true, force: true });
  }
  return strays;
}

/** A killed machine leaves the socket of its NBD server. */
async function sweepSockets(
  context: VolumeContext,
  { instanceIds, dryRun }: SweepRequest,
): Promise<readonly Stray[]> {
  const strays: Stray[] = [];
  for (const name of await namesIn(context.runtimeDirectory)) {
    const instanceId = name.replace(/\.nbd$/, '');
    if (!isResourceId('i', instanceId) || instanceIds.includes(instanceId)) continue;
    const path = join(context.runtimeDirectory, name);
    strays.push({ what: 'socket', name: path });
    if (!dryRun) await rm(path, { force: true });
  }
  return strays;
}

/** Volumes with a folder, and those that only have a daemon's files in the runtime folder. */
async function volumesWithRemains(context: VolumeContext): Promise<ReadonlySet<VolumeId>> {
  const daemons = (await namesIn(context.runtimeDirectory))
    .map((name) => name.replace(/\.(?:qmp|nbd|pid)$/, ''))
    .filter((name) => isResourceId('vol', name));
  return new Set([...(await listVolumes(context)), ...daemons]);
}
