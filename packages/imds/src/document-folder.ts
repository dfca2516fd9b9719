import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import type { InstanceDocument } from './answer-request.ts';

export const documentPath = (directory: string, privateIp: string) =>
  join(directory, `${privateIp}.json`);

/** The document published for an address; undefined when there is none. */
export async function readDocument(
  directory: string,
  address: string,
): Promise<InstanceDocument | undefined> {
  const privateIp = address.replace(/^::ffff:/, '');
  if (!isIPv4(privateIp)) return undefined;
  try {
    const text = await readFile(documentPath(directory, privateIp), 'utf8');
    return JSON.parse(text) as InstanceDocument;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
