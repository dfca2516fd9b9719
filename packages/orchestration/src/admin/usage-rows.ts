import type { BlockMapId, StoreUsage } from '@bakehouse/domain';

/** A record that holds maps. An image holds them through its snapshots, the others themselves. */
export interface Holding {
  readonly kind: 'image' | 'snapshot' | 'volume' | 'fast launch';
  readonly id: string;
  readonly name?: string;
  readonly region: string;
  readonly ownerId: string;
  readonly sizeBytes: number;
  readonly mapIds: readonly BlockMapId[];
  /** The snapshots and volumes that go when this is deleted: itself; for an image, snapshots of it alone. */
  readonly goes: readonly string[];
  /** A snapshot that CreateImage or a bake took for an image that no longer exists. */
  readonly orphaned?: boolean;
}

type UsageRow = Omit<Holding, 'mapIds' | 'goes'> & {
  /** What deleting this alone, and pruning, frees. */
  readonly uniqueBytes: number;
  /** What it names beside that: other records hold it too. */
  readonly sharedBytes: number;
};

export interface UsageSummary {
  readonly rows: readonly UsageRow[];
  /** Held by more than one snapshot or volume, counted once. */
  readonly sharedOnceBytes: number;
  /** Named only by maps that no record holds: the next prune frees it. */
  readonly unheldBytes: number;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Which snapshots and volumes hold each map. */
function holdersByMap(holdings: readonly Holding[]): ReadonlyMap<BlockMapId, readonly string[]> {
  const holders = new Map<BlockMapId, string[]>();
  for (const { kind, id, mapIds } of holdings) {
    if (kind === 'image') continue;
    for (const mapId of new Set(mapIds)) push(holders, mapId, id);
  }
  return holders;
}

function push<Value>(lists: Map<BlockMapId, Value[]>, mapId: BlockMapId, value: Value): void {
  const list = lists.get(mapId);
  if (list) list.push(value);
  else lists.set(mapId, [value]);
}

/** Bytes with the maps that name them and the snapshots and volumes that hold those. */
interface Part {
  readonly bytes: number;
  readonly mapIds: readonly BlockMapId[];
  readonly holderIds: ReadonlySet<string>;
}

function partsOf(
  store: Pick<StoreUsage, 'maps' | 'held'>,
  holders: ReadonlyMap<BlockMapId, readonly string[]>,
): readonly Part[] {
  return store.held.map(({ maps, bytes }) => {
    const mapIds = maps.flatMap(({ first, end }) =>
      store.maps.slice(first, end).map(({ mapId }) => mapId),
    );
    const holderIds = new Set(mapIds.flatMap((mapId) => holders.get(mapId) ?? []));
    return { bytes, mapIds, holderIds };
  });
}

/** The parts that each map names: a store has as many maps as it has snapshots. */
function partsByMap(parts: readonly Part[]): ReadonlyMap<BlockMapId, readonly Part[]> {
  const named = new Map<BlockMapId, Part[]>();
  for (const part of parts) for (const mapId of part.mapIds) push(named, mapId, part);
  return named;
}

const bytesOf = (parts: readonly Part[]) => sum(parts.map(({ bytes }) => bytes));

/**
 * Bytes by record, so that the unique bytes of snapshots and volumes, `sharedOnceBytes` and `unheldBytes`
 * together are the store's live bytes (docs/usage.md). Several records may hold one map: a baked image's
 * snapshots of all regions do, and then none of them frees it alone.
 */
export function summarizeUsage(
  holdings: readonly Holding[],
  store: Pick<StoreUsage, 'maps' | 'held' | 'liveBytes'>,
): UsageSummary {
  const parts = partsOf(store, holdersByMap(holdings));
  const byMap = partsByMap(parts);
  const rows = holdings.map(({ mapIds, goes, ...row }): UsageRow => {
    const going = new Set(goes);
    const named = [...new Set(mapIds.flatMap((mapId) => byMap.get(mapId) ?? []))];
    const freed = named.filter(({ holderIds }) => holderIds.isSubsetOf(going));
    const uniqueBytes = bytesOf(freed);
    return { ...row, uniqueBytes, sharedBytes: bytesOf(named) - uniqueBytes };
  });
  const own = rows.filter((row) => row.kind !== 'image');
  const unheldBytes = bytesOf(parts.filter(({ holderIds }) => holderIds.size === 0));
  const sharedOnceBytes = store.liveBytes - unheldBytes - sum(own.map((row) => row.uniqueBytes));
  return { rows, sharedOnceBytes, unheldBytes };
}
