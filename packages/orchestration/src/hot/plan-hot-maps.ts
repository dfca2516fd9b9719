import { GiB } from '@bakehouse/base';
import type { BlockMapId, HotMap, HotMapRoom } from '@bakehouse/domain';

/** So many disks of a map within `launchWindowMs` make it worth a file. */
const launchesForHot = 3;

const reserveShare = 0.1;
const reserveBytesMax = 50 * GiB;

/** What hot maps leave free: below it they are dropped. A map that nobody asked for is made only above twice as much. */
export const reservedBytes = ({ totalBytes }: HotMapRoom): number =>
  Math.min(totalBytes * reserveShare, reserveBytesMax);

export interface HotCandidate {
  readonly mapId: BlockMapId;
  /** What its file would take at most. */
  readonly sizeBytes: number;
  /** Disks that were made of it in the last `launchWindowMs`. */
  readonly launches: number;
}

export interface HotFacts {
  readonly hot: readonly HotMap[];
  readonly room: HotMapRoom;
  /** Maps that are not hot, of recent disks or asked for. */
  readonly candidates: readonly HotCandidate[];
  /** Asked for: fast restores are on. */
  readonly wanted: ReadonlySet<BlockMapId>;
  /** Needed by volumes that were restored fast. */
  readonly pinned: ReadonlySet<BlockMapId>;
  /** Failed a short while ago: neither checked nor made for now, so that others get their turn. */
  readonly resting: ReadonlySet<BlockMapId>;
}

/** What to do next. Drops are tried in this order, and a map that disks need stays. */
export interface HotPlan {
  readonly drop: readonly BlockMapId[];
  /** At most one of these two. */
  readonly check?: BlockMapId;
  readonly make?: BlockMapId;
}

/** Which maps are hot, from what is known: pure. */
export function planHotMaps(facts: HotFacts): HotPlan {
  const { hot, wanted, resting } = facts;
  const damaged = hot.filter(({ state }) => state === 'damaged');
  const sound = hot.filter(({ state }) => state !== 'damaged');
  const next = nextToMake(facts);
  const evicted = evict(sound, facts, next);
  const drop = [...damaged, ...evicted].map(({ mapId }) => mapId);
  const [check] = sound
    .filter((each) => each.state === 'unchecked' && !evicted.includes(each))
    .filter(({ mapId }) => !resting.has(mapId))
    .toSorted((a, b) => Number(wanted.has(b.mapId)) - Number(wanted.has(a.mapId)));
  if (check) return { drop, check: check.mapId };
  if (next && hasRoomFor(next, facts, evicted)) return { drop, make: next.mapId };
  return { drop };
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

const bytesOf = (maps: readonly HotMap[]) =>
  maps.reduce((total, { localBytes }) => total + localBytes, 0);

/** The least recently used, until the reserve is free again, and beside it what was asked for has room. */
function evict(
  sound: readonly HotMap[],
  { room, wanted, pinned }: HotFacts,
  next: HotCandidate | undefined,
): readonly HotMap[] {
  const asked = next && wanted.has(next.mapId) ? next.sizeBytes : 0;
  const missingBytes = reservedBytes(room) + asked - room.freeBytes;
  const evicted: HotMap[] = [];
  for (const each of sound.toSorted((a, b) => a.usedAt - b.usedAt)) {
    if (bytesOf(evicted) >= missingBytes) break;
    if (!wanted.has(each.mapId) && !pinned.has(each.mapId)) evicted.push(each);
  }
  return evicted;
}

function hasRoomFor(
  { mapId, sizeBytes }: HotCandidate,
  { room, wanted }: HotFacts,
  evicted: readonly HotMap[],
): boolean {
  const reserve = reservedBytes(room);
  // What is evicted may have to stay, so that the next look counts it when it is free.
  if (evicted.length > 0) return false;
  return room.freeBytes - sizeBytes >= (wanted.has(mapId) ? reserve : 2 * reserve);
}
