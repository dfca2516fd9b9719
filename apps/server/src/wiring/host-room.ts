import { stat, statfs } from 'node:fs/promises';
import { MiB } from '@bakehouse/base';
import type { RoomReporter } from '@bakehouse/domain';

const mib = (bytes: number) => `${Math.floor(bytes / MiB)} MiB`;

/** One of the paths for each file system that they are on. */
async function fileSystems(paths: readonly string[]): Promise<readonly string[]> {
  const byDevice = new Map<number, string>();
  for (const path of paths) {
    const { dev } = await stat(path);
    if (!byDevice.has(dev)) byDevice.set(dev, path);
  }
  return [...byDevice.values()];
}

/** Reports the file systems of these folders that have less than `neededBytes` free. */
export function hostRoom(paths: readonly string[], neededBytes: number): RoomReporter {
  return {
    async shortages() {
      const found: string[] = [];
      for (const path of await fileSystems(paths)) {
        const { bavail, bsize } = await statfs(path);
        if (bavail * bsize >= neededBytes) continue;
        found.push(
          `the file system of ${path} is full (${mib(bavail * bsize)} left): free at least ` +
            `${mib(neededBytes)} there, for example by deleting snapshots and volumes and by 'bakehouse prune'`,
        );
      }
      return found;
    },
  };
}
