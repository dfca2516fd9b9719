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
 * A disk of the machine whose file system has less than this many bytes free, rather the one of the node that
 * complained; undefined when there is none. QEMU tells relative paths of files in the machine's folder.
 */
export async function findFullDisk(
  client: QmpClient,
  folder: string,
  { bytesNeeded, complained = '' }: { bytesNeeded: number; complained?: string | undefined },
): Promise<FullDisk | undefined> {
  const nodes = (await listBlockNodes(client)).filter(({ driver }) => driver === 'file');
  const isOther = ({ name }: { name: string }) => Number(!name.startsWith(complained));
  for (const { file } of nodes.toSorted((left, right) => isOther(left) - isOther(right))) {
    const path = resolve(folder, file);
    const { bavail, bsize } = await statfs(path);
    if (bavail * bsize < bytesNeeded) return { path, freeBytes: bavail * bsize };
  }
  return undefined;
}

/** For a person: which file system is full, and what to do. */
export function fullDiskWords({ path, freeBytes }: FullDisk, bytesNeeded: number): string {
  const mib = (bytes: number) => `${Math.floor(bytes / MiB)} MiB`;
  return (
    `${path} is on a full file system (${mib(freeBytes)} left): free at least ` +
    `${mib(bytesNeeded)} there, and the guest goes on by itself`
  );
}
