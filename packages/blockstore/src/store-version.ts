import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readFolderIfExists, readTextIfExists, syncPath, writeFileDurably } from '@bakehouse/host';
import { convertibleVersionText, type StoreLayout, versionText } from './format/store-layout.ts';
import { StoreFormatError } from './store-errors.ts';

/** What the folder holds: a store of this version, one to convert, or nothing yet. */
export type StoreVersion = 'current' | 'convertible' | 'none';

/** Throws StoreFormatError when the folder is no store that this program knows. */
export async function readVersion(layout: StoreLayout): Promise<StoreVersion> {
  const text = await readTextIfExists(layout.version);
  if (text === versionText) return 'current';
  if (text === convertibleVersionText) return 'convertible';
  if (text !== undefined) {
    throw new StoreFormatError(
      `the block store at ${layout.root} has version ${JSON.stringify(text)}, and this program reads ` +
        `${JSON.stringify(versionText)} and ${JSON.stringify(convertibleVersionText)}: ` +
        'use the program that wrote it, or another folder',
    );
  }
  if (await isEmptyStore(layout)) return 'none';
  throw new StoreFormatError(
    `${layout.root} has segments but no version file: restore the file, or use another folder`,
  );
}

/** Makes an empty folder a store. */
export async function writeVersion(layout: StoreLayout): Promise<void> {
  await writeFileDurably(layout.version, versionText, join(layout.tmp, 'version'));
}

/**
 * Makes a store of format 1 one of format 2: from now on programs that know only format 1 refuse it. One byte, in
 * place: that needs no room, and a process that is killed leaves the old byte or the new one.
 */
export async function convertVersion(layout: StoreLayout): Promise<void> {
  // The old program may have been killed before it flushed what it wrote.
  for (const name of await readdir(join(layout.root, 'segments'))) {
    if (name.endsWith('.seg')) await syncPath(join(layout.root, 'segments', name));
  }
  const at = [...versionText].findIndex(
    (letter, index) => letter !== convertibleVersionText[index],
  );
  await using file = await open(layout.version, 'r+');
  await file.write(Buffer.from(versionText), at, 1, at);
  await file.datasync();
}

async function isEmptyStore({ root, tail }: StoreLayout): Promise<boolean> {
  for (const folder of [join(root, 'segments'), join(root, 'pages'), tail]) {
    if ((await readFolderIfExists(folder)).length > 0) return false;
  }
  return true;
}
