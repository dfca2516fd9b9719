import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { type InstanceDocument, parseInstanceDocument } from './instance-document.ts';

/** Published documents; a name without `.json` is one in the making. */
export const documentSuffix = '.json';

export const documentPath = (directory: string, privateIp: string) =>
  join(directory, `${privateIp}${documentSuffix}`);

/**
 * The document published for an address; undefined when there is none. Read anew each time, so that a change is
 * seen at once: 0.1 ms, of which a cache that asks for the file's time would save half. Throws a
 * DamagedDocumentError.
 */
export async function readDocument(
  directory: string,
  address: string,
): Promise<InstanceDocument | undefined> {
  if (!isIPv4(address)) return undefined;
  let text: string;
  try {
    text = await readFile(documentPath(directory, address), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return parseInstanceDocument(text);
}
