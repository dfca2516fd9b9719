import { readTextIfExists, signNamespaces, writeFileDurably } from '@bakehouse/host';
import type { DataDirectory } from '../data-directory.ts';

/**
 * Commands find the processes of this server by it, so it comes before any of them starts. Only for who has the folder,
 * in which nothing is written by a start on a full disk beside guests.
 */
export async function recordNamespaces({
  namespaces,
}: Pick<DataDirectory, 'namespaces'>): Promise<void> {
  const known = await readTextIfExists(namespaces);
  const proof = await signNamespaces(known);
  if (proof !== known) await writeFileDurably(namespaces, proof);
}
