import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isResourceId } from '@bakehouse/base';
import type { InstanceId, SnapshotId, VolumeId } from '@bakehouse/domain';
import { exists, readFolderIfExists } from '@bakehouse/host';
import { QmpClosedError } from '@bakehouse/qmp';
import { listDisks } from './disks/create-disk.ts';
import { snapshotOfFleece, volumeOfTemporary } from './disks/disk-paths.ts';
import { removeFleece } from './disks/machine-door.ts';
import { hydrateJob } from './freeze/block-names.ts';
import { instanceNbdSocket } from './freeze/freeze-disks.ts';
import { endView } from './freeze/frozen-view.ts';
import { viewsOf, volumeOfView } from './freeze/views.ts';
import { sweepHotMaps } from './hot/drop-hot-map.ts';
import { readBlockGraph } from './qemu/block-graph.ts';
import { findDaemonFiles } from './qemu/daemon-files.ts';
import { qmpMonitors } from './qemu/monitor-pool.ts';
import { askRunningDaemon, stopDaemon, withRunningDaemon } from './qemu/storage-daemon.ts';
import type { VolumeContext } from './volume-context.ts';

export interface SweepRequest {
  /** Snapshots that are being captured: their views stay. */
  readonly wanted: ReadonlySet<SnapshotId>;
  /** The running machines. */
  readonly instanceIds: readonly InstanceId[];
  /** Only reports what would be removed. */
  readonly dryRun?: boolean;
}

export interface Stray {
  readonly what: 'folder' | 'fleece' | 'view' | 'daemon' | 'socket';
  /** A path, or a snapshot's id with the place of its view. */
  readonly name: string;
}

/**
 * Finds and removes what a crash left: views that no capture reads, and files of unfinished work. A machine that
 * does not respond delays the others only for a short time: its views stay until the next sweep.
 */
export async function sweepDisks(
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
  const hotMaps = await sweepHotMaps(context.hot, request.dryRun);
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
  return [
    ...inMachines.flat(),
    ...temporaries,
    ...hotMaps.map((name): Stray => ({ what: 'folder', name })),
    ...sockets,
    ...atRest.flat(),
  ];
}

/** A sweep that removes runs before the platform serves anybody, so that it may have connections of its own. */
function withSweepLimits(context: VolumeContext): VolumeContext {
  const timeoutMs = context.limits.sweepTimeoutMs;
  const limitsOfWait = { ...context.limitsOfWait, timeoutMs };
  return { ...context, monitors: qmpMonitors(timeoutMs), limitsOfWait };
}

async function orNothing(
  context: VolumeContext,
  of: InstanceId | VolumeId,
  sweep: Promise<readonly Stray[]>,
): Promise<readonly Stray[]> {
  try {
    return await sweep;
  } catch (error) {
    // A machine that has ended has no views.
    if (!(error instanceof QmpClosedError)) {
      context.logger.log('warn', 'cannot sweep views', { of, error });
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
    const socketPath = await instanceNbdSocket(context, instanceId);
    for (const snapshotId of viewsOf(graph).filter((id) => !wanted.has(id))) {
      const volumeId = volumeOfView(graph, snapshotId);
      if (volumeId === undefined) continue;
      strays.push({ what: 'view', name: `${snapshotId} in ${instanceId}` });
      if (dryRun) continue;
      const view = { volume: { volumeId, snapshotId }, outcome: 'abandoned', socketPath } as const;
      await context.locks.run([volumeId], () => endView(context, monitor, view));
    }
    return strays;
  });
}

async function sweepDaemon(
  context: VolumeContext,
  { wanted, dryRun }: SweepRequest,
  volumeId: VolumeId,
): Promise<readonly Stray[]> {
  // A daemon that does not respond may be starting: only a sweep that removes may end it.
  const use = dryRun ? askRunningDaemon : withRunningDaemon;
  const running = await use(context, volumeId, async (monitor) => {
    const strays: Stray[] = [];
    const graph = await readBlockGraph(monitor);
    // Hydration begins again at a start; while the server works it is no stray.
    if (dryRun && graph.jobs.has(hydrateJob(volumeId))) return { strays, isIdle: false };
    const views = viewsOf(graph);
    for (const snapshotId of views.filter((id) => !wanted.has(id))) {
      strays.push({ what: 'view', name: `${snapshotId} of ${volumeId} at rest` });
      if (dryRun) continue;
      await endView(context, monitor, {
        volume: { volumeId, snapshotId },
        outcome: 'abandoned',
        socketPath: (await findDaemonFiles(context, volumeId)).nbd,
      });
    }
    return { strays, isIdle: strays.length === views.length };
  });
  if (!running?.result.isIdle) return running?.result.strays ?? [];
  if (!dryRun) await stopDaemon(context, volumeId);
  return [...running.result.strays, { what: 'daemon', name: volumeId }];
}

async function sweepFleeces(
  context: VolumeContext,
  { wanted, dryRun }: SweepRequest,
  volumeId: VolumeId,
): Promise<readonly Stray[]> {
  const folder = context.paths.folder(volumeId);
  const strays: Stray[] = [];
  for (const name of await readFolderIfExists(folder)) {
    const snapshotId = snapshotOfFleece(name);
    const isTemporary = name.endsWith('.tmp');
    if (!isTemporary && (snapshotId === undefined || wanted.has(snapshotId))) continue;
    const path = join(folder, name);
    strays.push({ what: 'fleece', name: path });
    if (!dryRun) await removeFleece(context, path);
  }
  return strays;
}

/** While this process makes a folder it holds the volume's lock. */
async function sweepTemporaries(
  context: VolumeContext,
  { dryRun }: SweepRequest,
): Promise<readonly Stray[]> {
  const strays: Stray[] = [];
  for (const name of await readFolderIfExists(context.paths.directory)) {
    const volumeId = volumeOfTemporary(name);
    if (!volumeId || context.locks.isHeld(volumeId)) continue;
    const path = join(context.paths.directory, name);
    strays.push({ what: 'folder', name: path });
    if (!dryRun) await rm(path, { recursive: true, force: true });
  }
  return strays;
}

/** A killed machine leaves the socket of its NBD server. A machine that has ended needs no folder for one. */
async function sweepSockets(
  context: VolumeContext,
  { instanceIds, dryRun }: SweepRequest,
): Promise<readonly Stray[]> {
  const strays: Stray[] = [];
  for (const name of await readFolderIfExists(context.runtimeDirectory)) {
    const instanceId = name.replace(/\.nbd$/, '');
    if (!isResourceId('i', instanceId) || instanceIds.includes(instanceId)) continue;
    const path = join(context.runtimeDirectory, name);
    const socket = name === instanceId ? join(path, 'nbd') : path;
    if (await exists(socket)) strays.push({ what: 'socket', name: socket });
    if (!dryRun) await rm(path, { recursive: true, force: true });
  }
  return strays;
}

/** Volumes with a folder, and those that only have a daemon's files in the runtime folder. */
async function volumesWithRemains(context: VolumeContext): Promise<ReadonlySet<VolumeId>> {
  const daemons = (await readFolderIfExists(context.runtimeDirectory))
    .map((name) => name.replace(/\.(?:qmp|nbd|pid)$/, ''))
    .filter((name) => isResourceId('vol', name));
  return new Set([...(await listDisks(context)), ...daemons]);
}
