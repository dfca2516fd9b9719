import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '@bakehouse/base';
import { type BlockMapId, MapMissingError } from '@bakehouse/domain';
import type { FlatMap } from '../format/flat-map-format.ts';
import type { MapHead } from '../format/map-head-format.ts';
import { emptyTree } from '../maps/change-tree.ts';
import { slicesOf } from '../maps/flat-tree.ts';
import type { MapCatalogue } from '../maps/map-catalogue.ts';
import type { PageStore } from '../maps/page-store.ts';
import { TreeWriter } from '../maps/tree-writer.ts';
import type { FlushWatch } from '../segments/tail-writer.ts';
import type { UseEpochs } from '../segments/use-epochs.ts';
import { MapDamagedError, StoreFullError } from '../store-errors.ts';

export interface ConvertContext {
  readonly maps: MapCatalogue;
  readonly pages: PageStore;
  readonly epochs: UseEpochs;
  readonly watch: () => FlushWatch;
  readonly logger: Logger;
}

/** Replaces a map of format 1 by a tree; see docs/formats/data-directory.md, "Conversion of version 1". */
export async function convertFlatMap(context: ConvertContext, mapId: BlockMapId): Promise<void> {
  // Ends when the head is published: until then nothing else reaches the pages.
  const epoch = context.epochs.begin();
  try {
    await context.maps.replaceFlat(mapId, (flat) => storeTree(context, flat, epoch.number));
  } finally {
    epoch.end();
  }
}

/**
 * Converts all maps of format 1, one after the other, until the signal ends it. A damaged one stays as it is, for
 * verify to report. On a full disk all that are left stay as they are, and are read like that.
 */
export async function convertFlatMaps(context: ConvertContext, signal: AbortSignal): Promise<void> {
  const { maps, logger } = context;
  const mapIds = maps.flatIds();
  if (mapIds.length === 0) return;
  logger.log('info', 'converting maps of format 1', { count: mapIds.length });
  for (const mapId of mapIds) {
    if (signal.aborted) return;
    try {
      await convertFlatMap(context, mapId);
    } catch (error) {
      if (error instanceof StoreFullError) {
        const left = maps.flatIds().length;
        logger.log('warn', 'no room to convert maps of format 1: they are read as they are', {
          left,
        });
        return;
      }
      const isKnown = error instanceof MapDamagedError || error instanceof MapMissingError;
      if (!isKnown) throw error;
      logger.log('error', 'could not convert a map of format 1', { mapId, error });
    }
    await nextTurn();
  }
  logger.log('info', 'converted maps of format 1', { left: maps.flatIds().length });
}

async function storeTree(
  { pages, watch }: ConvertContext,
  flat: FlatMap,
  epoch: number,
): Promise<MapHead> {
  const { mapId, sizeBytes, readBytes, addedBytes, blockCount } = flat;
  const flushes = watch();
  const base = { ...emptyTree(pages), sizeBytes };
  const writer = new TreeWriter({ pages, epoch, base, sizeBytes });
  for (const slice of slicesOf(flat)) for (const change of slice) await writer.change(change);
  const { tree } = await writer.finish();
  await flushes.sync();
  return { mapId, sizeBytes, readBytes, addedBytes, blockCount, keyId: undefined, root: tree.root };
}
