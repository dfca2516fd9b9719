import { basename, dirname } from 'node:path';
import { isResourceId } from '@bakehouse/base';
import type { FreezeVolume, SnapshotId, VolumeId } from '@bakehouse/domain';
import type { BlockGraph, DirtyBitmap } from '../qemu/block-graph.ts';
import { diskNode, fleeceFileNode, fleeceNode, sinceBitmap } from './block-names.ts';

/** The snapshots whose views a QEMU process has, complete or not. */
export function viewsOf(graph: BlockGraph): readonly SnapshotId[] {
  const nodes = [...graph.nodes.keys()].map((name) => name.replace(/-f$/, ''));
  const names = [...graph.exports, ...graph.jobs.keys(), ...nodes];
  return [...new Set(names)].filter((name) => isResourceId('snap', name));
}

/** The views of one volume. */
export function viewsOfVolume(graph: BlockGraph, volumeId: VolumeId): readonly SnapshotId[] {
  return viewsOf(graph).filter((snapshotId) => volumeOfView(graph, snapshotId) === volumeId);
}

/**
 * The volume of a view: the one that has its bitmap, or whose folder has its fleece, or that the fleece's name in a
 * machine's door begins with; a view that is being set up or taken down may lack bitmap or fleece.
 */
export function volumeOfView(graph: BlockGraph, snapshotId: SnapshotId): VolumeId | undefined {
  const name = sinceBitmap(snapshotId);
  const fleecePath = graph.nodes.get(fleeceFileNode(snapshotId))?.file ?? '';
  const volumes = [...graph.nodes.keys()].filter((node) => isResourceId('vol', node));
  return (
    volumes.find((volumeId) => findBitmap(graph, volumeId, name)) ??
    volumes.find(
      (volumeId) =>
        basename(dirname(fleecePath)) === volumeId ||
        basename(fleecePath).startsWith(`${volumeId}.`),
    )
  );
}

/** True when the view's content is fixed: QEMU copies what is overwritten into its fleece. */
export function isFrozenLive(graph: BlockGraph, { snapshotId }: FreezeVolume): boolean {
  return graph.jobs.has(snapshotId) && graph.nodes.has(fleeceNode(snapshotId));
}

export function bitmapsOf(graph: BlockGraph, volumeId: VolumeId): readonly DirtyBitmap[] {
  return graph.nodes.get(diskNode(volumeId))?.bitmaps ?? [];
}

export function findBitmap(
  graph: BlockGraph,
  volumeId: VolumeId,
  name: string,
): DirtyBitmap | undefined {
  return bitmapsOf(graph, volumeId).find((bitmap) => bitmap.name === name);
}
