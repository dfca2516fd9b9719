import { statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MiB } from '@bakehouse/base';
import type { QmpClient } from '@bakehouse/qmp';
import { listBlockNodes } from './list-block-nodes.ts';

export interface FullDisk {
  /** A file that holds a disk of the machine. */
  readonly path: string;
  readonly freeBytes: number;
}

/**
 * A disk of the machine whose file system has less than `bytesNeeded` free; undefined when there is none. The disk
 * of the node in `failedNode` comes first. QEMU reports files in the machine's folder by relative paths.
 */
export async function findFullDisk(
  client: QmpClient,
  folder: string,
  { bytesNeeded, failedNode = '' }: { bytesNeeded: number; failedNode?: string | undefined },
): Promise<FullDisk | undefined> {
  const nodes = (await listBlockNodes(client)).filter(({ driver }) => driver === 'file');
  const isOther = ({ name }: { name: string }) => Number(!name.startsWith(failedNode));
  for (const { file } of nodes.toSorted((left, right) => isOther(left) - isOther(right))) {
    const path = resolve(folder, file);
    const { bavail, bsize } = await statfs(path);
    if (bavail * bsize < bytesNeeded) return { path, freeBytes: bavail * bsize };
  }
  return undefined;
}

/** For people: which file system is full, and what to do. */
export function fullDiskMessage({ path, freeBytes }: FullDisk, bytesNeeded: number): string {
  const mib = (bytes: number) => `${Math.floor(bytes / MiB)} MiB`;
  return (
    `${path} is on a full file system (${mib(freeBytes)} left): free at least ` +
    `${mib(bytesNeeded)} there, and the guest continues by itself`
  );
}
