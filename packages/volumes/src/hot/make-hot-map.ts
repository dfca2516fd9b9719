import { type FileHandle, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BlockMapId, type HotWork, type MapBlock, MapMissingError } from '@bakehouse/domain';
import { exists, syncPath } from '@bakehouse/host';
import type { HotContext } from './hot-context.ts';
import { hotFileNames } from './hot-paths.ts';
import { forEachBlock, hasName, readSummary, writeBlock } from './map-blocks.ts';

/** Nobody writes it again. Users of jails, which have a link to it, may read it; the folders keep others out. */
const fileMode = 0o444;
/** Written back after so many blocks, so that the flush at the end does not hold up guests' own. */
const blocksPerFlush = 128;
const sectorBytes = 512;

/**
 * See `HotMaps.make`. The folder is made under another name and renamed when all of it is on disk: after a crash there is
 * either a whole hot map, or a temporary folder, which the next sweep removes.
 */
export async function makeHotMap(hot: HotContext, mapId: BlockMapId, work: HotWork): Promise<void> {
  const { paths } = hot;
  await hot.locks.run([mapId], async () => {
    if (await exists(paths.folder(mapId))) return;
    const temporary = paths.temporary(mapId, 'new');
    await rm(temporary, { recursive: true, force: true });
    await mkdir(paths.directory, { recursive: true, mode: 0o700 });
    await mkdir(temporary, { mode: 0o700 });
    try {
      await writeBlocks(hot, mapId, { path: join(temporary, hotFileNames.blocks), work });
      await writeFile(join(temporary, hotFileNames.checked), `${await hot.bootId()}\n`);
      await syncPath(join(temporary, hotFileNames.checked));
      await syncPath(temporary);
      work.signal.throwIfAborted();
      await rename(temporary, paths.folder(mapId));
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
    await syncPath(paths.directory);
  });
}

async function writeBlocks(
  hot: HotContext,
  mapId: BlockMapId,
  { path, work }: { readonly path: string; readonly work: HotWork },
): Promise<void> {
  const summary = await readSummary(hot, mapId);
  const file = await open(path, 'wx', fileMode);
  try {
    // QEMU reads whole sectors. What is not written stays a hole, which reads as zeros and takes no room.
    await file.truncate(Math.ceil(summary.sizeBytes / sectorBytes) * sectorBytes);
    const flush = flusher(file);
    await forEachBlock(hot, summary, work, async (block) => {
      const { blockIndex } = block;
      await writeBlock(file, await readNamed(hot, mapId, block), { ...summary, blockIndex });
      await flush();
    });
    await file.chmod(fileMode);
    await file.sync();
  } finally {
    await file.close();
  }
}

function flusher(file: FileHandle): () => Promise<void> {
  let written = 0;
  return async () => {
    written += 1;
    if (written % blocksPerFlush === 0) await file.datasync();
  };
}

/** The store verifies what it reads; this finds what was damaged on the way here. */
async function readNamed(
  { maps }: HotContext,
  mapId: BlockMapId,
  block: MapBlock,
): Promise<Uint8Array> {
  const bytes = await maps.readBlock(mapId, block.blockIndex);
  if (bytes && hasName(bytes, block)) return bytes;
  if (!bytes && !(await maps.find(mapId))) throw new MapMissingError(mapId);
  throw new Error(`block ${block.blockIndex} of ${mapId} arrived with other bytes than its name`);
}
