import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import type { InstanceId } from '@bakehouse/domain';
import { readFolderIfExists, readTextIfExists } from '@bakehouse/host';
import { type InstanceDocument, parseInstanceDocument } from './instance-document.ts';

/** The suffix of published documents. Files without it are not complete yet. */
export const documentSuffix = '.json';

export const documentPath = (directory: string, address: string) =>
  join(directory, `${address}${documentSuffix}`);

/**
 * The document published for an address; undefined when there is none. Read from disk each time, so a change is seen
 * at once: this takes 0.1 ms, and a cache that checks the file's time would save half of that. Rejects with
 * DamagedDocumentError.
 */
export async function readDocument(
  directory: string,
  address: string,
): Promise<InstanceDocument | undefined> {
  if (!isIPv4(address)) return undefined;
  const text = await readTextIfExists(documentPath(directory, address));
  return text === undefined ? undefined : parseInstanceDocument(text);
}

export interface PublishedDocument {
  readonly address: string;
  readonly document: InstanceDocument;
}

/** All of a folder; none when it does not exist. */
export async function publishedDocuments(
  directory: string,
  read: (address: string) => Promise<InstanceDocument | undefined>,
): Promise<readonly PublishedDocument[]> {
  const found: PublishedDocument[] = [];
  for (const name of await readFolderIfExists(directory)) {
    if (!name.endsWith(documentSuffix)) continue;
    const address = name.slice(0, -documentSuffix.length);
    const document = await read(address);
    if (document !== undefined) found.push({ address, document });
  }
  return found;
}

export const instancesOf = (found: readonly PublishedDocument[]): readonly InstanceId[] => [
  ...new Set(found.map(({ document }) => document.metadata.instanceId)),
];
