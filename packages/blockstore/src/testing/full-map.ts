import { randomInt } from 'node:crypto';
import { silentLogger } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';
import { FolderFiles } from '../files/folder-files.ts';
import { blockCountOf } from '../format/block-size.ts';
import { storeLayout } from '../format/store-layout.ts';
import { emptyTree } from '../maps/change-tree.ts';
import { MapCatalogue } from '../maps/map-catalogue.ts';
import { blocksOf } from '../maps/map-tree.ts';
import { PageStore } from '../maps/page-store.ts';
import { TreeWriter } from '../maps/tree-writer.ts';
import { SegmentSet } from '../segments/segment-set.ts';
import { TailWriter } from '../segments/tail-writer.ts';

const pageSegmentBytes = 16 * 1024 * 1024;

export interface FullMapRequest {
  readonly mapId: BlockMapId;
  readonly sizeBytes: number;
  /** A map whose chunks the new one is made of. */
  readonly chunksOf: BlockMapId;
}

/**
 * Adds a map in which every block has a chunk, drawn from those of another map: for benchmarks of maps that are too
 * large to be captured. The store of this folder must be closed, and sound.
 */
export async function addFullMap(directory: string, request: FullMapRequest): Promise<void> {
  const { mapId, sizeBytes, chunksOf } = request;
  const { root, tail, tmp } = storeLayout(directory);
  const logger = silentLogger;
  await using opened = new AsyncDisposableStack();
  const files = new FolderFiles(root, tmp);
  opened.defer(() => files.close());
  const segments = new SegmentSet({ files, tail, logger });
  opened.defer(() => segments.close());
  await segments.open();
  const pageTail = new TailWriter({
    segments,
    kind: 'pages',
    segmentBytesMax: pageSegmentBytes,
    logger,
  });
  await pageTail.open();
  const pages = new PageStore(segments, pageTail, pageSegmentBytes);
  const maps = new MapCatalogue(files, pages);
  await maps.open();
  const chunkIds: Uint8Array[] = [];
  for await (const { chunkId } of blocksOf((await maps.read(chunksOf)).tree)) {
    chunkIds.push(Uint8Array.from(chunkId));
  }
  const writer = new TreeWriter({ pages, epoch: 0, base: emptyTree(pages), sizeBytes });
  const blockCount = blockCountOf(sizeBytes);
  for (let blockIndex = 0; blockIndex < blockCount; blockIndex += 1) {
    await writer.change({ blockIndex, chunkId: chunkIds[randomInt(chunkIds.length)] });
  }
  const { tree } = await writer.finish();
  await pageTail.close();
  const bytes = { readBytes: 0, addedBytes: 0 };
  await maps.add({ mapId, sizeBytes, blockCount, keyId: undefined, root: tree.root, ...bytes });
}
