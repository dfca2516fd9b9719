import {
  type BlockMapId,
  blockBytes,
  type FastRestore,
  type MetadataReader,
  wantsHotMap,
} from '@bakehouse/domain';
import type { Drivers } from '../context.ts';
import { resumeBytes } from '../room/plan-room.ts';
import type { HotCandidate, HotDemand, HotFacts, HotRoom } from './plan-hot-maps.ts';

interface AskedMaps {
  /** Of completed snapshots with fast restores, and of templates of their images: launches read those. */
  readonly wanted: ReadonlySet<BlockMapId>;
  /** Of volumes that were restored fast and still read their map. */
  readonly pinned: ReadonlySet<BlockMapId>;
}

async function mapOf(
  reader: MetadataReader,
  { snapshotId }: FastRestore,
): Promise<readonly BlockMapId[]> {
  const snapshot = await reader.get('snapshot', snapshotId);
  return snapshot?.state === 'completed' ? [snapshot.mapId] : [];
}

/** The disks of templates that were made of one of these maps. */
async function templateMaps(
  reader: MetadataReader,
  origins: ReadonlySet<BlockMapId>,
): Promise<readonly BlockMapId[]> {
  const made = await reader.list('fastLaunch', { where: { state: ['enabled'] } });
  return made.flatMap(({ template: { originMapId, mapId } }) =>
    origins.has(originMapId) ? [mapId] : [],
  );
}

/** What the records ask for. */
export async function readAskedMaps(reader: MetadataReader): Promise<AskedMaps> {
  const records = await reader.list('fastRestore', { where: { state: [...wantsHotMap] } });
  const wanted = new Set<BlockMapId>();
  for (const record of records) for (const id of await mapOf(reader, record)) wanted.add(id);
  for (const id of await templateMaps(reader, wanted)) wanted.add(id);
  const restored = await reader.list('volume', { where: { fastRestored: ['true'] } });
  return { wanted, pinned: new Set(restored.flatMap(({ originMapId }) => originMapId ?? [])) };
}

/** Hot maps go before guests are paused, and until those go on. */
export async function readHotRoom({
  hot,
  guestRoom,
}: Pick<Drivers, 'hot' | 'guestRoom'>): Promise<HotRoom> {
  const room = await hot.room();
  const [ofVolumes] = (await guestRoom?.look()) ?? [];
  return ofVolumes ? { ...room, forGuestsBytes: resumeBytes(ofVolumes) } : room;
}

/** What the plan needs of the host and the store. */
export async function readHotFacts(
  drivers: Pick<Drivers, 'hot' | 'snapshots' | 'guestRoom'>,
  { wanted, pinned, launches }: AskedMaps & HotDemand,
): Promise<Omit<HotFacts, 'resting'> | undefined> {
  const { snapshots } = drivers;
  const hot = await drivers.hot.list();
  const isHot = new Set(hot.map(({ mapId }) => mapId));
  const others = [...new Set([...wanted, ...launches.keys()])].filter((id) => !isHot.has(id));
  if (hot.length === 0 && others.length === 0) return undefined;
  const candidates: HotCandidate[] = [];
  for (const mapId of others) {
    const summary = await snapshots.find(mapId);
    // What was asked for is tried all the same, and its failure is reported.
    if (!summary && !wanted.has(mapId)) continue;
    const sizeBytes = (summary?.blockCount ?? 0) * blockBytes;
    candidates.push({ mapId, sizeBytes, launches: launches.get(mapId) ?? 0 });
  }
  return { hot, room: await readHotRoom(drivers), candidates, wanted, pinned };
}
