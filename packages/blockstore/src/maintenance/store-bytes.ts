import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { readFolderIfExists } from '@bakehouse/host';
import { FileMissingError, type StoreFiles } from '../files/store-files.ts';
import { headBytes } from '../format/map-head-format.ts';
import {
  type FileFolder,
  fileFolders,
  mapOfFile,
  type StoreLayout,
  segmentNumber,
} from '../format/store-layout.ts';
import type { SegmentSet } from '../segments/segment-set.ts';

export interface SizeContext {
  readonly layout: StoreLayout;
  readonly files: StoreFiles;
  readonly segments: SegmentSet;
}

/** The sizes of all the store's files together. */
export async function storeBytes(context: SizeContext): Promise<number> {
  return segmentBytes(context) + (await otherBytes(context));
}

export function segmentBytes({ segments }: Pick<SizeContext, 'segments'>): number {
  return segments.segments().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Every file of the store that is no segment. */
export async function otherBytes({ layout, files }: SizeContext): Promise<number> {
  let total = 0;
  for (const folder of fileFolders) {
    for (const name of await files.list(folder)) total += await fileBytes(files, folder, name);
  }
  for (const folder of [layout.root, layout.drafts, layout.orders, layout.tmp]) {
    for (const name of await readFolderIfExists(folder)) {
      const found = await lstat(join(folder, name)).catch(() => undefined);
      if (found?.isFile()) total += found.size;
    }
  }
  return total;
}

/** Segments are counted apart; files that are removed meanwhile have no bytes. */
async function fileBytes(files: StoreFiles, folder: FileFolder, name: string): Promise<number> {
  if (segmentNumber(name, 'seg') !== undefined) return 0;
  // There may be a million heads, and all have one size.
  if (folder === 'maps' && mapOfFile(name)?.isFlat === false) return headBytes;
  return files.sizeOf(`${folder}/${name}`).catch((error: unknown) => {
    if (error instanceof FileMissingError) return 0;
    throw error;
  });
}
