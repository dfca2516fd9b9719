import type { FreezeVolume, FrozenVolume } from '@bakehouse/domain';
import type { JsonObject } from '@bakehouse/qmp';
import { bitmapGranularityBytes } from '../disks/empty-qcow2.ts';
import { type BlockGraph, isTrustworthy } from '../qemu/block-graph.ts';
import type { QmpCommand } from '../qemu/monitor-pool.ts';
import { nbdExportCommand } from '../qemu/nbd-server.ts';
import {
  changedBitmap,
  diskNode,
  fleeceFileNode,
  fleeceNode,
  intactBitmap,
  sinceBitmap,
} from './block-names.ts';
import { bitmapsOf, findBitmap } from './views.ts';
import { wrongBitmaps } from './wrong-bitmaps.ts';

/**
 * What is set up before the freeze, while the guest writes on. The new bitmap records from here on: it then has all
 * writes after the freeze, and a few before it, which cost the next snapshot some reads and nothing else. Bitmaps
 * of an earlier try, and those that a crash left wrong, are removed first.
 */
export function planBitmaps(volume: FreezeVolume, graph: BlockGraph): readonly QmpCommand[] {
  const node = diskNode(volume.volumeId);
  const granularity = bitmapGranularityBytes(graph.nodes.get(node)?.sizeBytes ?? 0);
  const since = sinceBitmap(volume.snapshotId);
  const changed = changedBitmap(volume.snapshotId);
  const bitmaps = bitmapsOf(graph, volume.volumeId);
  const wrong = wrongBitmaps(bitmaps);
  const stale = bitmaps.filter(({ name }) => name === changed || wrong.includes(name));
  const add = (name: string, options: JsonObject): QmpCommand => [
    'block-dirty-bitmap-add',
    { node, name, granularity, ...options },
  ];
  return [
    ...stale.map(({ name }): QmpCommand => ['block-dirty-bitmap-remove', { node, name }]),
    ...(isTrustworthy(findBitmap(graph, volume.volumeId, since))
      ? []
      : [add(since, { persistent: true })]),
    ...(olderBitmap(volume, graph) === undefined ? [] : [add(changed, { disabled: true })]),
  ];
}

/** Opens the fleece over the disk. */
export function planFleece(
  { volumeId, snapshotId }: FreezeVolume,
  { path, readOnly }: { readonly path: string; readonly readOnly: boolean },
): readonly QmpCommand[] {
  const file = {
    driver: 'file',
    'node-name': fleeceFileNode(snapshotId),
    filename: path,
    'read-only': readOnly,
  };
  const fleece = {
    driver: 'qcow2',
    'node-name': fleeceNode(snapshotId),
    file: fleeceFileNode(snapshotId),
    backing: diskNode(volumeId),
    'read-only': readOnly,
  };
  return [
    ['blockdev-add', file],
    ['blockdev-add', fleece],
  ];
}

/** The mark of a fleece that QEMU closed in an orderly way. */
export function planIntactMark({ snapshotId }: FreezeVolume, sizeBytes: number): QmpCommand {
  const mark = {
    node: fleeceNode(snapshotId),
    name: intactBitmap,
    granularity: bitmapGranularityBytes(sizeBytes),
    persistent: true,
  };
  return ['block-dirty-bitmap-add', mark];
}

/**
 * The freeze itself: from here on QEMU copies what is about to be overwritten into the fleeces. In one transaction,
 * so that no write falls between two volumes: each backup holds its disk's writes until the transaction ends. It
 * has nothing else in it: how long it takes is how long the guest's writes are held.
 */
export function planFreeze(volumes: readonly FreezeVolume[]): QmpCommand {
  const actions = volumes.map(({ volumeId, snapshotId }) => ({
    type: 'blockdev-backup',
    data: {
      'job-id': snapshotId,
      device: diskNode(volumeId),
      target: fleeceNode(snapshotId),
      sync: 'none',
    },
  }));
  return ['transaction', { actions }];
}

/** The bitmap of the snapshot before, when it has seen every write since and there is a map to build on. */
function olderBitmap(volume: FreezeVolume, graph: BlockGraph): string | undefined {
  const { volumeId, sinceSnapshotId, sinceMapId } = volume;
  if (sinceSnapshotId === undefined || sinceMapId === undefined) return undefined;
  const name = sinceBitmap(sinceSnapshotId);
  return isTrustworthy(findBitmap(graph, volumeId, name)) ? name : undefined;
}

/** How a view is served. */
export interface ServedView {
  /** Fill its bitmap of changes. */
  readonly merges: readonly QmpCommand[];
  /**
   * Export it; nothing when that has been done. Only after all merges have succeeded: a view that is exported counts
   * as complete from then on.
   */
  readonly exports: readonly QmpCommand[];
  /** How to read it, and what its changed ranges are relative to. */
  readonly view: Omit<FrozenVolume, 'fresh'>;
}

export interface ViewFacts {
  /** Of after the freeze. */
  readonly graph: BlockGraph;
  readonly socketPath: string;
  /** The map behind the overlay. */
  readonly originMapId: FreezeVolume['originMapId'];
}

/**
 * Exports the view. Its bitmap of changes is a copy of the older one, which records on: if the freeze is abandoned,
 * or everything dies here, the older one still has all that changed since its snapshot. The copy is made after the
 * freeze, so that it lacks nothing from before it. Without such a bitmap, what the overlay has counts as changed.
 */
export function planServing(volume: FreezeVolume, facts: ViewFacts): ServedView {
  const { snapshotId } = volume;
  const { graph, socketPath, originMapId } = facts;
  const hasFleece = graph.nodes.has(fleeceNode(snapshotId));
  const isServed = graph.exports.has(snapshotId);
  const copy = findBitmap(graph, volume.volumeId, changedBitmap(snapshotId));
  const older = olderBitmap(volume, graph);
  const bitmap = copy && (isServed || older) ? copy.name : undefined;
  return {
    ...(isServed
      ? { merges: [], exports: [] }
      : planExport(volume, { hasFleece, older: bitmap && older })),
    view: {
      volumeId: volume.volumeId,
      snapshotId,
      ...describeChanges(volume, { bitmap, hasFleece, socketPath, originMapId }),
    },
  };
}

function planExport(
  { volumeId, snapshotId }: FreezeVolume,
  { hasFleece, older }: { readonly hasFleece: boolean; readonly older: string | undefined },
): Pick<ServedView, 'merges' | 'exports'> {
  const disk = diskNode(volumeId);
  const view = { id: snapshotId, node: hasFleece ? fleeceNode(snapshotId) : disk };
  if (older === undefined) return { merges: [], exports: [nbdExportCommand(view)] };
  const name = changedBitmap(snapshotId);
  return {
    merges: [['block-dirty-bitmap-merge', { node: disk, target: name, bitmaps: [older] }]],
    exports: [nbdExportCommand({ ...view, bitmap: { node: disk, name } })],
  };
}

function describeChanges(
  { snapshotId, sinceMapId }: FreezeVolume,
  facts: Pick<ViewFacts, 'socketPath' | 'originMapId'> & {
    readonly bitmap: string | undefined;
    readonly hasFleece: boolean;
  },
): Pick<FrozenVolume, 'source' | 'baseMapId'> {
  const { bitmap, hasFleece, socketPath, originMapId } = facts;
  const address = { kind: 'nbd', socketPath, exportName: snapshotId } as const;
  if (bitmap !== undefined && sinceMapId !== undefined) {
    const changedContext = `qemu:dirty-bitmap:${bitmap}`;
    return { source: { ...address, changedContext }, baseMapId: sinceMapId };
  }
  if (originMapId === undefined) {
    return { source: { ...address, changedContext: 'base:allocation' } };
  }
  const changedContext = 'qemu:allocation-depth';
  // With a fleece, depth 1 is what was overwritten since the freeze, and depth 2 the overlay.
  const changedDepthMax = hasFleece ? 2 : 1;
  return { source: { ...address, changedContext, changedDepthMax }, baseMapId: originMapId };
}
