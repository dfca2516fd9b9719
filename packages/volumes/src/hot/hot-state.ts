import { stat, statfs, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BlockMapId, HotMap, HotMapRoom, HotMapState } from '@bakehouse/domain';
import { exists, readFolderIfExists, readTextIfExists, statIfExists } from '@bakehouse/host';
import type { HotContext } from './hot-context.ts';
import { isHotFolderName } from './hot-paths.ts';

async function stateOf({ paths, bootId }: HotContext, mapId: BlockMapId): Promise<HotMapState> {
  if (await exists(paths.damaged(mapId))) return 'damaged';
  const checkedIn = (await readTextIfExists(paths.checked(mapId)))?.trim();
  return checkedIn === (await bootId()) ? 'ready' : 'unchecked';
}

/** See `HotMaps.list`. */
export async function listHotMaps(hot: HotContext): Promise<readonly HotMap[]> {
  const { paths } = hot;
  const found: HotMap[] = [];
  for (const mapId of (await readFolderIfExists(paths.directory)).filter(isHotFolderName).sort()) {
    const blocks = await statIfExists(paths.blocks(mapId));
    const checked = await statIfExists(paths.checked(mapId));
    const times = checked ?? (await statIfExists(paths.folder(mapId)));
    // Removed meanwhile.
    if (!times) continue;
    found.push({
      mapId,
      state: await stateOf(hot, mapId),
      localBytes: (blocks?.blocks ?? 0) * 512,
      usedAt: Math.round(times.mtimeMs),
    });
  }
  return found;
}

/** See `HotMaps.room`. The folder may not exist yet; its parent does. */
export async function hotRoom({ paths }: HotContext): Promise<HotMapRoom> {
  const isMade = await exists(paths.directory);
  const directory = isMade ? paths.directory : dirname(paths.directory);
  const { bavail, bsize, blocks } = await statfs(directory);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** The file of a hot map that disks get at the moment. */
export async function usableHotFile(
  hot: HotContext,
  mapId: BlockMapId,
): Promise<string | undefined> {
  if (hot.retiring.has(mapId)) return undefined;
  const path = hot.paths.blocks(mapId);
  if (!(await stat(path).catch(() => undefined))) return undefined;
  return (await stateOf(hot, mapId)) === 'ready' ? path : undefined;
}

/** Remembers that the map is used: the one that was not used for longest is dropped first. */
export async function noteUse({ paths, clock }: HotContext, mapId: BlockMapId): Promise<void> {
  const now = new Date(clock.now());
  await utimes(paths.checked(mapId), now, now).catch(() => {});
}
