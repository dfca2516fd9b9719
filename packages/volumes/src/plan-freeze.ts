import type { FreezeVolume, FrozenVolume } from '@bakehouse/domain';
import type { JsonObject } from '@bakehouse/qmp';
import { type BlockGraph, type DirtyBitmap, isTrustworthy } from './block-graph.ts';
import {
  bitmapGranularityBytes,
  changedBitmap,
  diskNode,
  fleeceNode,
  sinceBitmap,
  snapshotOfBitmap,
} from './block-names.ts';

/**
 * The actions of the one QMP transaction that freezes all `volumes`. Every backup comes before every
 * bitmap: a backup action drains its disk until the transaction ends, so that no write can fall between
 * the view and the bitmaps of any volume.
 */
export function planFreezeActions(
  volumes: readonly FreezeVolume[],
  graph: BlockGraph,
  how: 'live' | 'at-rest',
): readonly JsonObject[] {
  const backups = how === 'live' ? volumes.map(backupAction) : [];
  return [...backups, ...volumes.flatMap((volume) => bitmapActions(volume, graph))];
}

/** Copies what is about to be overwritten into the fleece. */
function backupAction({ volumeId, snapshotId }: FreezeVolume): JsonObject {
  const target = fleeceNode(snapshotId);
  const data = { 'job-id': snapshotId, device: diskNode(volumeId), target, sync: 'none' };
  return { type: 'blockdev-backup', data };
}

/**
 * The older bitmap is copied and goes on recording: if the freeze is abandoned, or everything dies here,
 * it still says all that changed since its snapshot.
 */
function bitmapActions(volume: FreezeVolume, graph: BlockGraph): readonly JsonObject[] {
  const node = diskNode(volume.volumeId);
  const bitmaps = bitmapsOf(graph, volume);
  const since = sinceBitmap(volume.snapshotId);
  const actions: JsonObject[] = [];
  if (!isTrustworthy(find(bitmaps, since))) {
    actions.push(addBitmap(node, since, { persistent: true }));
  }
  const older = volume.sinceSnapshotId && sinceBitmap(volume.sinceSnapshotId);
  if (older && volume.sinceMapId && isTrustworthy(find(bitmaps, older))) {
    const target = changedBitmap(volume.snapshotId);
    actions.push(addBitmap(node, target, { disabled: true }), {
      type: 'block-dirty-bitmap-merge',
      data: { node, target, bitmaps: [older] },
    });
  }
  return actions;
}

function addBitmap(node: string, name: string, options: JsonObject): JsonObject {
  const data = { node, name, granularity: bitmapGranularityBytes, ...options };
  return { type: 'block-dirty-bitmap-add', data };
}

/** Bitmaps to remove before a freeze: those of an earlier try, and those that say nothing true. */
export function planBitmapsBeforeFreeze(
  volume: FreezeVolume,
  graph: BlockGraph,
): readonly string[] {
  return bitmapsOf(graph, volume)
    .filter(
      ({ name, inconsistent }) =>
        name === changedBitmap(volume.snapshotId) ||
        (inconsistent && snapshotOfBitmap(name) !== undefined),
    )
    .map(({ name }) => name);
}

export interface ViewFacts {
  readonly graph: BlockGraph;
  readonly socketPath: string;
  /** The map behind the overlay. */
  readonly originMapId: FreezeVolume['originMapId'];
}

/** What the view's changed ranges are relative to, as the block graph has it. */
export function describeView(volume: FreezeVolume, facts: ViewFacts): Omit<FrozenVolume, 'fresh'> {
  const { volumeId, snapshotId, sinceMapId } = volume;
  const { graph, socketPath, originMapId } = facts;
  const address = { kind: 'nbd', socketPath, exportName: snapshotId } as const;
  const view = { volumeId, snapshotId };
  if (sinceMapId && hasChangedBitmap(volume, graph)) {
    const changedContext = `qemu:dirty-bitmap:${changedBitmap(snapshotId)}`;
    return { ...view, source: { ...address, changedContext }, baseMapId: sinceMapId };
  }
  if (originMapId === undefined) {
    return { ...view, source: { ...address, changedContext: 'base:allocation' } };
  }
  // With a fleece, depth 1 is what was overwritten since the freeze, and depth 2 the overlay.
  const changedDepthMax = graph.nodes.has(fleeceNode(snapshotId)) ? 2 : 1;
  const changedContext = 'qemu:allocation-depth';
  return {
    ...view,
    source: { ...address, changedContext, changedDepthMax },
    baseMapId: originMapId,
  };
}

export function hasChangedBitmap(volume: FreezeVolume, graph: BlockGraph): boolean {
  const bitmap = find(bitmapsOf(graph, volume), changedBitmap(volume.snapshotId));
  return bitmap !== undefined && !bitmap.inconsistent;
}

function bitmapsOf(graph: BlockGraph, volume: FreezeVolume): readonly DirtyBitmap[] {
  return graph.nodes.get(diskNode(volume.volumeId))?.bitmaps ?? [];
}

function find(bitmaps: readonly DirtyBitmap[], name: string): DirtyBitmap | undefined {
  return bitmaps.find((bitmap) => bitmap.name === name);
}
