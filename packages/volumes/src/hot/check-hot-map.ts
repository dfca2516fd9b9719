import { open, stat, writeFile } from 'node:fs/promises';
import { type BlockMapId, type BlockMapSummary, blockBytes, type HotWork } from '@bakehouse/domain';
import { exists, isMissing, syncPath, writeFileDurably } from '@bakehouse/host';
import type { HotContext } from './hot-context.ts';
import { forEachBlock, hasName, readFileBlock, readSummary } from './map-blocks.ts';

/**
 * See `HotMaps.check`. Compares the blocks that the map names, and how much the file has allocated: blocks of zeros are
 * holes, so that a file with more data than its map is damaged, too.
 */
export async function checkHotMap(
  hot: HotContext,
  mapId: BlockMapId,
  work: HotWork,
): Promise<number> {
  const { paths } = hot;
  return await hot.locks.run([mapId], async () => {
    if (!(await exists(paths.folder(mapId)))) return 0;
    const summary = await readSummary(hot, mapId);
    const differing = await countDiffering(hot, summary, work);
    if (differing === 0) {
      // Writing it sets its time, too, which is that of the last use.
      if (!(await exists(paths.damaged(mapId)))) await markChecked(hot, mapId);
      return 0;
    }
    await writeFile(paths.damaged(mapId), '');
    await syncPath(paths.folder(mapId));
    hot.logger.log('error', 'hot map damaged: disks that have it open read wrong bytes', {
      mapId,
      differingBlocks: differing,
    });
    return differing;
  });
}

async function markChecked({ paths, bootId }: HotContext, mapId: BlockMapId): Promise<void> {
  await writeFileDurably(paths.checked(mapId), `${await bootId()}\n`);
}

async function countDiffering(
  hot: HotContext,
  summary: BlockMapSummary,
  work: HotWork,
): Promise<number> {
  const path = hot.paths.blocks(summary.mapId);
  const found = await stat(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (!found || found.size < summary.sizeBytes) return Math.max(1, summary.blockCount);
  let differing = 0;
  const file = await open(path, 'r');
  try {
    await forEachBlock(hot, summary, work, async (block) => {
      if (!hasName(await readFileBlock(file, block.blockIndex), block)) differing += 1;
    });
  } finally {
    await file.close();
  }
  return differing + extraBlocks(found.blocks * 512, summary);
}

/** How many blocks are allocated beyond those of the map. File systems count some of their own tables, too. */
function extraBlocks(allocatedBytes: number, { blockCount }: BlockMapSummary): number {
  const expectedBytes = (blockCount + 1) * blockBytes * 1.01;
  return Math.max(0, Math.ceil((allocatedBytes - expectedBytes) / blockBytes));
}
