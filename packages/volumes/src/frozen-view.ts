import { rm } from 'node:fs/promises';
import { isResourceId } from '@bakehouse/base';
import type { FreezeVolume, FrozenVolume, SnapshotId, VolumeId } from '@bakehouse/domain';
import { type BlockGraph, readBlockGraph } from './block-graph.ts';
import {
  bitmapGranularityBytes,
  changedBitmap,
  diskNode,
  fleeceFileNode,
  fleeceNode,
  hydrateJob,
  intactBitmap,
  sinceBitmap,
} from './block-names.ts';
import { readDiskRecord } from './disk-record.ts';
import type { Monitor } from './monitor-pool.ts';
import {
  addNbdExport,
  cancelJob,
  ensureNbdServer,
  removeNbdExport,
  tolerateRefusal,
} from './nbd-server.ts';
import {
  describeView,
  hasChangedBitmap,
  planBitmapsBeforeFreeze,
  planFreezeActions,
} from './plan-freeze.ts';
import { planBitmapsAtThaw, type ThawOutcome } from './plan-thaw.ts';
import { qemuImg } from './qemu-img.ts';
import type { VolumeContext } from './volume-context.ts';
import { DiskMissingError } from './volume-errors.ts';

/**
 * Sets up the views of `volumes` in a machine that runs, at one instant, unless they stand already. True when
 * it set them up.
 */
export async function freezeLive(
  context: VolumeContext,
  monitor: Monitor,
  volumes: readonly FreezeVolume[],
): Promise<boolean> {
  const graph = await readBlockGraph(monitor);
  for (const { volumeId } of volumes) {
    if (!graph.nodes.has(diskNode(volumeId))) {
      throw new DiskMissingError(volumeId, 'in the running machine');
    }
  }
  // The jobs began in one transaction. If one of them is gone, so is the instant: all start anew.
  const stands = ({ snapshotId }: FreezeVolume) =>
    graph.jobs.has(snapshotId) && graph.nodes.has(fleeceNode(snapshotId));
  if (volumes.every(stands)) return false;

  for (const volume of volumes) {
    await dismantleView(context, monitor, volume);
    await removeBitmaps(monitor, volume.volumeId, [
      ...planBitmapsBeforeFreeze(volume, await readBlockGraph(monitor)),
      sinceBitmap(volume.snapshotId),
    ]);
    await cancelJob(monitor, hydrateJob(volume.volumeId), context.limitsOfWait);
    await addFleece(context, monitor, volume);
  }
  // A failure from here on leaves fleeces: the next freeze or the thaw takes them down.
  const actions = planFreezeActions(volumes, await readBlockGraph(monitor), 'live');
  const startedAt = performance.now();
  await monitor.execute('transaction', { actions });
  const pauseMs = Math.round((performance.now() - startedAt) * 100) / 100;
  context.logger.log('info', 'volumes frozen', { volumes: volumes.length, pauseMs });
  return true;
}

/** Sets up the view of a disk that a storage daemon holds and nobody writes. False when it stands already. */
export async function freezeAtRest(
  context: VolumeContext,
  monitor: Monitor,
  volume: FreezeVolume,
): Promise<boolean> {
  const graph = await readBlockGraph(monitor);
  if (graph.exports.has(volume.snapshotId)) return false;
  await cancelJob(monitor, hydrateJob(volume.volumeId), context.limitsOfWait);
  await removeBitmaps(monitor, volume.volumeId, planBitmapsBeforeFreeze(volume, graph));
  const actions = planFreezeActions([volume], await readBlockGraph(monitor), 'at-rest');
  if (actions.length > 0) await monitor.execute('transaction', { actions });
  return true;
}

/** Exports the views that are not exported yet, and says how to read them. */
export async function serveViews(
  context: VolumeContext,
  monitor: Monitor,
  options: {
    readonly volumes: readonly FreezeVolume[];
    readonly socketPath: string;
    readonly fresh: boolean;
  },
): Promise<readonly FrozenVolume[]> {
  const { volumes, socketPath, fresh } = options;
  await withNbdServer(context, socketPath, async () => {
    await ensureNbdServer(monitor, socketPath);
    await exportViews(monitor, volumes);
  });
  const graph = await readBlockGraph(monitor);
  return Promise.all(
    volumes.map(async (volume) => {
      const { originMapId } = await readDiskRecord(context.paths, volume.volumeId);
      return { ...describeView(volume, { graph, socketPath, originMapId }), fresh };
    }),
  );
}

async function exportViews(monitor: Monitor, volumes: readonly FreezeVolume[]): Promise<void> {
  const before = await readBlockGraph(monitor);
  for (const volume of volumes) {
    if (before.exports.has(volume.snapshotId)) continue;
    const node = diskNode(volume.volumeId);
    const fleece = fleeceNode(volume.snapshotId);
    await addNbdExport(monitor, {
      id: volume.snapshotId,
      node: before.nodes.has(fleece) ? fleece : node,
      ...(hasChangedBitmap(volume, before) && {
        bitmap: { node, name: changedBitmap(volume.snapshotId) },
      }),
    });
  }
}

/** Takes down the view of one volume, in whatever state it is, and settles its bitmaps. */
export async function endView(
  context: VolumeContext,
  monitor: Monitor,
  options: {
    readonly volume: FreezeVolume;
    readonly outcome: ThawOutcome;
    /** Where the view was served. */
    readonly socketPath: string;
  },
): Promise<void> {
  const { volume, outcome, socketPath } = options;
  await dismantleView(context, monitor, volume);
  const graph = await readBlockGraph(monitor);
  const node = graph.nodes.get(diskNode(volume.volumeId));
  const isLastView = viewsOfVolume(graph, volume.volumeId).length === 0;
  const names = planBitmapsAtThaw(node?.bitmaps ?? [], volume, { outcome, isLastView });
  await removeBitmaps(monitor, volume.volumeId, names);
  await withNbdServer(context, socketPath, async () => {
    if (viewsOf(await readBlockGraph(monitor)).length > 0) return;
    await tolerateRefusal(monitor.execute('nbd-server-stop'));
  });
}

/** A machine has one NBD server for the views of all its volumes, each of which has a lock of its own. */
function withNbdServer<Result>(
  context: VolumeContext,
  socketPath: string,
  work: () => Promise<Result>,
): Promise<Result> {
  return context.locks.run([`nbd ${socketPath}`], work);
}

/** The snapshots whose views a QEMU process has, complete or not. */
export function viewsOf(graph: BlockGraph): readonly SnapshotId[] {
  const names = [...graph.exports, ...graph.jobs.keys(), ...graph.nodes.keys()];
  return [...new Set(names)].filter((name) => isResourceId('snap', name));
}

/** Those of one volume: each view has its bitmap there. */
export function viewsOfVolume(graph: BlockGraph, volumeId: VolumeId): readonly SnapshotId[] {
  const bitmaps = graph.nodes.get(diskNode(volumeId))?.bitmaps ?? [];
  const names = new Set(bitmaps.map(({ name }) => name));
  return viewsOf(graph).filter((snapshotId) => names.has(sinceBitmap(snapshotId)));
}

/** Removes export, job, fleece nodes and fleece file; in that order, since each holds the next. */
async function dismantleView(
  context: VolumeContext,
  monitor: Monitor,
  { volumeId, snapshotId }: FreezeVolume,
): Promise<void> {
  await removeNbdExport(monitor, snapshotId, context.limitsOfWait);
  await cancelJob(monitor, snapshotId, context.limitsOfWait);
  const { nodes } = await readBlockGraph(monitor);
  for (const name of [fleeceNode(snapshotId), fleeceFileNode(snapshotId)]) {
    if (nodes.has(name)) await monitor.execute('blockdev-del', { 'node-name': name });
  }
  await rm(context.paths.fleece(volumeId, snapshotId), { force: true });
}

async function addFleece(
  context: VolumeContext,
  monitor: Monitor,
  { volumeId, snapshotId }: FreezeVolume,
): Promise<void> {
  const path = context.paths.fleece(volumeId, snapshotId);
  const { nodes } = await readBlockGraph(monitor);
  const sizeBytes = nodes.get(diskNode(volumeId))?.sizeBytes ?? 0;
  await qemuImg(context.limits.toolTimeoutMs).create(path, sizeBytes);
  await addFleeceNodes(monitor, { volumeId, snapshotId, path, readOnly: false });
  await monitor.execute('block-dirty-bitmap-add', {
    node: fleeceNode(snapshotId),
    name: intactBitmap,
    granularity: bitmapGranularityBytes,
    persistent: true,
  });
}

export async function addFleeceNodes(
  monitor: Monitor,
  options: {
    readonly volumeId: VolumeId;
    readonly snapshotId: SnapshotId;
    readonly path: string;
    readonly readOnly: boolean;
  },
): Promise<void> {
  const { volumeId, snapshotId, path, readOnly } = options;
  await monitor.execute('blockdev-add', {
    driver: 'file',
    'node-name': fleeceFileNode(snapshotId),
    filename: path,
    'read-only': readOnly,
  });
  await monitor.execute('blockdev-add', {
    driver: 'qcow2',
    'node-name': fleeceNode(snapshotId),
    file: fleeceFileNode(snapshotId),
    backing: diskNode(volumeId),
    'read-only': readOnly,
  });
}

async function removeBitmaps(
  monitor: Monitor,
  volumeId: VolumeId,
  names: readonly string[],
): Promise<void> {
  const { nodes } = await readBlockGraph(monitor);
  const present = new Set(nodes.get(diskNode(volumeId))?.bitmaps.map(({ name }) => name));
  for (const name of new Set(names)) {
    if (!present.has(name)) continue;
    await monitor.execute('block-dirty-bitmap-remove', { node: diskNode(volumeId), name });
  }
}
