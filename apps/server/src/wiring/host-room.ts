import { stat, statfs } from 'node:fs/promises';
import { GiB, MiB } from '@bakehouse/base';
import type { GuestRoom, GuestRoomMeter, RoomReporter } from '@bakehouse/domain';

export interface HostRoomOptions {
  /** Folders of the platform. */
  readonly paths: readonly string[];
  /** Those of them that guests' files are in, that of their volumes first. */
  readonly guests: readonly string[];
  /** With less free nothing new begins. */
  readonly neededBytes: number;
  /** What guests may not use up of each of their file systems, as asked for. */
  readonly reserveBytes?: number | undefined;
  /** The file system of a folder. */
  readonly measure?: (path: string) => Promise<FileSystem>;
}

interface FileSystem {
  /** `st_dev` of stat(2). */
  readonly device: number;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

const reserveShare = 1 / 20;
const reserveBytesMax = GiB;
/** A larger reserve would leave guests less than the platform. */
const reserveShareMax = 1 / 2;

/** The reserve of a file system of this size. */
export function reserveOf(totalBytes: number, asked: number | undefined): number {
  const reserve = asked ?? Math.min(reserveBytesMax, totalBytes * reserveShare);
  return Math.floor(Math.min(reserve, totalBytes * reserveShareMax));
}

const mib = (bytes: number) => `${Math.floor(bytes / MiB)} MiB`;

async function fileSystemOf(path: string): Promise<FileSystem> {
  const { dev: device } = await stat(path);
  const { bavail, blocks, bsize } = await statfs(path);
  return { device, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** Reports the file systems of these folders that are too full, and the room for guests' files. */
export function hostRoom(options: HostRoomOptions): RoomReporter & GuestRoomMeter {
  const { paths, guests, neededBytes, reserveBytes, measure = fileSystemOf } = options;
  /** Each file system once, by the first of these folders that is on it. */
  const fileSystems = async (folders: readonly string[]) => {
    const byDevice = new Map<number, FileSystem & { readonly path: string }>();
    for (const path of folders) {
      const found = await measure(path);
      if (!byDevice.has(found.device)) byDevice.set(found.device, { ...found, path });
    }
    return [...byDevice.values()];
  };
  const look = async (): Promise<readonly GuestRoom[]> =>
    (await fileSystems(guests)).map(({ totalBytes, ...found }) => ({
      ...found,
      reservedBytes: reserveOf(totalBytes, reserveBytes),
    }));
  return {
    look,
    async shortages() {
      const reserved = new Map(
        (await look()).map(({ device, reservedBytes }) => [device, reservedBytes]),
      );
      return (await fileSystems(paths)).flatMap(({ device, freeBytes, path }) => {
        const needed = Math.max(neededBytes, reserved.get(device) ?? 0);
        if (freeBytes >= needed) return [];
        return [
          `the file system of ${path} is full (${mib(freeBytes)} left): free at least ` +
            `${mib(needed)} there, for example by deleting snapshots and volumes and by 'bakehouse prune'`,
        ];
      });
    },
  };
}
