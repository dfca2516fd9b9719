import { GiB } from '@bakehouse/base';
import type { BlockMapId, HotMap, HotMapRoom } from '@bakehouse/domain';

/** So many disks of a map within `launchWindowMs` make it worth a file. */
const launchesForHot = 3;

const reserveShare = 0.1;
const reserveBytesMax = 50 * GiB;

export interface HotRoom extends HotMapRoom {
  /** With so much free no guest is paused, and those that were go on. Absent: they have no reserve to keep to. */
  readonly forGuestsBytes?: number;
}

/** What hot maps leave free: below it they are dropped. A map that nobody asked for is made only above twice as much. */
export const reservedBytes = ({ totalBytes, forGuestsBytes = 0 }: HotRoom): number =>
  Math.max(forGuestsBytes, Math.min(totalBytes * reserveShare, reserveBytesMax));

export interface HotCandidate {
  readonly mapId: BlockMapId;
  /** What its file would take at most. */
  readonly sizeBytes: number;
  /** Disks that were made of it in the last `launchWindowMs`. */
  readonly launches: number;
}

/** Who asks for maps. */
export interface HotDemand {
  /** Fast restores are on. */
  readonly wanted: ReadonlySet<BlockMapId>;
  /** Disks that were made in the last `launchWindowMs`, by map. */
  readonly launches: ReadonlyMap<BlockMapId, number>;
}

export interface HotFacts extends Pick<HotDemand, 'wanted'> {
  readonly hot: readonly HotMap[];
  readonly room: HotRoom;
  /** Maps that are not hot, of recent disks or asked for. */
  readonly candidates: readonly HotCandidate[];
  /** Needed by volumes that were restored fast. */
  readonly pinned: ReadonlySet<BlockMapId>;
  /** Failed a short while ago: neither checked nor made for now, so that others get their turn. */
  readonly resting: ReadonlySet<BlockMapId>;
}

/** What to do next. */
export interface HotPlan {
  /**
   * Damaged maps, then those that may make room, least recently used first: these only until `missingBytes` are free. A
   * map that disks need stays, and the next one is tried.
   */
  readonly drop: readonly HotMap[];
  /** 0 when there is room enough. */
  readonly missingBytes: number;
  /** At most one of these two. */
  readonly check?: BlockMapId;
  readonly make?: BlockMapId;
}

/** Which maps are hot, from what is known: pure. */
export function planHotMaps(facts: HotFacts): HotPlan {
  const damaged = facts.hot.filter(({ state }) => state === 'damaged');
  const next = nextToMake(facts);
  const missingBytes = bytesMissing(facts, next);
  const droppable = missingBytes > 0 ? mayMakeRoom(facts) : [];
  const plan = { drop: [...damaged, ...droppable], missingBytes };
  const check = nextToCheck(facts, droppable);
  if (check) return { ...plan, check: check.mapId };
  if (next && hasRoomFor(next, facts)) return { ...plan, make: next.mapId };
  return plan;
}

/** Whether to end a file that was begun. Launches grow old while it is made, and do not make it useless at once. */
export function isStillDue(
  { mapId, isAsked }: { readonly mapId: BlockMapId; readonly isAsked: boolean },
  { wanted, launches }: HotDemand,
): boolean {
  if (wanted.has(mapId)) return true;
  return (launches.get(mapId) ?? 0) >= (isAsked ? launchesForHot : 1);
}

/** What was asked for comes first. What may be dropped soon is not worth the reads. */
function nextToCheck(
  { hot, wanted, resting }: HotFacts,
  droppable: readonly HotMap[],
): HotMap | undefined {
  const [next] = hot
    .filter((each) => each.state === 'unchecked' && !droppable.includes(each))
    .filter(({ mapId }) => !resting.has(mapId))
    .toSorted((a, b) => Number(wanted.has(b.mapId)) - Number(wanted.has(a.mapId)));
  return next;
}

/** What was asked for comes first, then what is launched most. */
function nextToMake({ candidates, wanted, resting }: HotFacts): HotCandidate | undefined {
  const isAsked = ({ mapId }: HotCandidate) => wanted.has(mapId);
  const [next] = candidates
    .filter(({ mapId }) => !resting.has(mapId))
    .filter((each) => isAsked(each) || each.launches >= launchesForHot)
    .toSorted((a, b) => Number(isAsked(b)) - Number(isAsked(a)) || b.launches - a.launches);
  return next;
}

/** What has to be freed until the reserve is free, and beside it what was asked for has room. */
function bytesMissing({ room, wanted }: HotFacts, next: HotCandidate | undefined): number {
  const asked = next && wanted.has(next.mapId) ? next.sizeBytes : 0;
  return Math.max(0, reservedBytes(room) + asked - room.freeBytes);
}

const mayMakeRoom = ({ hot, wanted, pinned }: HotFacts): readonly HotMap[] =>
  hot
    .filter(({ state }) => state !== 'damaged')
    .filter(({ mapId }) => !wanted.has(mapId) && !pinned.has(mapId))
    .toSorted((a, b) => a.usedAt - b.usedAt);

function hasRoomFor({ mapId, sizeBytes }: HotCandidate, { room, wanted }: HotFacts): boolean {
  const reserve = reservedBytes(room);
  return room.freeBytes - sizeBytes >= (wanted.has(mapId) ? reserve : 2 * reserve);
}
