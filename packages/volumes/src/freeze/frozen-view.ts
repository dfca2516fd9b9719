import type { FreezeVolume, FrozenVolume, InstanceId } from '@bakehouse/domain';
import { readDiskRecord } from '../disks/disk-record.ts';
import { fleeceClusterBytes, writeEmptyQcow2 } from '../disks/empty-qcow2.ts';
import { fleeceNameInDoor, passThroughDoor, removeFleece } from '../disks/machine-door.ts';
import { type BlockGraph, readBlockGraph } from '../qemu/block-graph.ts';
import { endJobsAndExports, tolerateRefusal } from '../qemu/end-jobs.ts';
import { executeAll, type Monitor, type QmpCommand } from '../qemu/monitor-pool.ts';
import type { VolumeContext } from '../volume-context.ts';
import { diskNode, fleeceFileNode, fleeceNode } from './block-names.ts';
import { planBitmaps, planFleece, planIntactMark, planServing } from './plan-freeze.ts';
import { planBitmapsAtThaw, type ThawOutcome } from './plan-thaw.ts';
import { bitmapsOf, viewsOf, viewsOfVolume } from './views.ts';

interface ViewToMake {
  readonly volume: FreezeVolume;
  readonly graph: BlockGraph;
  readonly instanceId: InstanceId;
}

/**
 * Makes what a freeze needs, while the guest writes on: a fleece, into which QEMU will copy what the guest overwrites,
 * and the bitmaps. The fleece comes first: a view that is cut off here is found by its nodes.
 */
export async function prepareView(
  context: VolumeContext,
  monitor: Monitor,
  { volume, graph, instanceId }: ViewToMake,
): Promise<void> {
  const path = context.paths.fleece(volume.volumeId, volume.snapshotId);
  const sizeBytes = graph.nodes.get(diskNode(volume.volumeId))?.sizeBytes ?? 0;
  await writeEmptyQcow2(path, { sizeBytes, clusterBytes: fleeceClusterBytes(sizeBytes) });
  const name = fleeceNameInDoor(path);
  const inside = await passThroughDoor(context, instanceId, { path, name });
  await executeAll(monitor, [
    ...planFleece(volume, { path: inside, readOnly: false }),
    planIntactMark(volume, sizeBytes),
    ...planBitmaps(volume, graph),
  ]);
}

export interface ViewsToServe {
  readonly volumes: readonly FreezeVolume[];
  readonly socketPath: string;
  /** The call that asks has fixed the content. */
  readonly fresh: boolean;
  /** Of after the freeze. */
  readonly graph: BlockGraph;
}

/** Exports the views that are not exported yet, and returns how to read them. */
export async function serveViews(
  context: VolumeContext,
  monitor: Monitor,
  { volumes, socketPath, fresh, graph }: ViewsToServe,
): Promise<readonly FrozenVolume[]> {
  const served = await Promise.all(
    volumes.map(async (volume) => {
      const { originMapId } = await readDiskRecord(context.paths, volume.volumeId);
      return planServing(volume, { graph, socketPath, originMapId });
    }),
  );
  for (const part of ['merges', 'exports'] as const) {
    await executeAll(
      monitor,
      served.flatMap((each) => each[part]),
    );
  }
  return served.map(({ view }) => ({ ...view, fresh }));
}

export interface ViewToEnd {
  readonly volume: FreezeVolume;
  readonly outcome: ThawOutcome;
  /** Where the view is served. */
  readonly socketPath: string;
}

/** Takes down the view of one volume, in whatever state it is, and settles its bitmaps. */
export async function endView(
  context: VolumeContext,
  monitor: Monitor,
  { volume, outcome, socketPath }: ViewToEnd,
): Promise<void> {
  const { volumeId, snapshotId } = volume;
  const graph = await dismantleView(context, monitor, volume);
  const isLastView = viewsOfVolume(graph, volumeId).every((id) => id === snapshotId);
  const names = planBitmapsAtThaw(bitmapsOf(graph, volumeId), volume, { outcome, isLastView });
  // After the nodes: a view without its bitmap would not be found again.
  await executeAll(
    monitor,
    names.map(
      (name): QmpCommand => ['block-dirty-bitmap-remove', { node: diskNode(volumeId), name }],
    ),
  );
  await usingNbdServer(context, socketPath, async () => {
    if (viewsOf(await readBlockGraph(monitor)).length > 0) return;
    await tolerateRefusal(monitor.execute('nbd-server-stop'));
  });
}

/**
 * Removes export, job, fleece nodes and fleece file, in that order, since each holds the next. Bitmaps stay. `found`
 * is the graph as the caller has read it just before. Returns the graph of after export and job had ended.
 */
export async function dismantleView(
  context: VolumeContext,
  monitor: Monitor,
  { volumeId, snapshotId }: FreezeVolume,
  found?: BlockGraph,
): Promise<BlockGraph> {
  const ending = { jobs: [snapshotId], exports: [snapshotId] };
  const graph = await endJobsAndExports(monitor, ending, context.limitsOfWait, found);
  const nodes = [fleeceNode(snapshotId), fleeceFileNode(snapshotId)];
  await executeAll(
    monitor,
    nodes
      .filter((name) => graph.nodes.has(name))
      .map((name): QmpCommand => ['blockdev-del', { 'node-name': name }]),
  );
  await removeFleece(context, context.paths.fleece(volumeId, snapshotId));
  return graph;
}

/**
 * A machine has one NBD server for the views of all its volumes, each of which has a lock of its own. Whoever starts
 * or stops that server, or adds an export, holds its lock, so that none stops it under another's view.
 */
export function usingNbdServer<Result>(
  context: VolumeContext,
  socketPath: string,
  work: () => Promise<Result>,
): Promise<Result> {
  return context.locks.run([`nbd ${socketPath}`], work);
}
