import { stat, statfs } from 'node:fs/promises';
import { GiB, MiB } from '@bakehouse/base';
import type { GuestRoomMeter, RoomReporter } from '@bakehouse/domain';

export interface HostRoomOptions {
  /** Folders of the platform. */
  readonly paths: readonly string[];
  /** The one of them that guests' disks are in. */
  readonly guests: string;
  /** With less free nothing new begins. */
  readonly neededBytes: number;
  /** What guests may not use up of their file system, as asked for. */
  readonly reserveBytes?: number | undefined;
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

/** One of the paths for each file system that they are on. */
async function fileSystems(paths: readonly string[]): Promise<readonly string[]> {
  const byDevice = new Map<number, string>();
  for (const path of paths) {
    const { dev } = await stat(path);
    if (!byDevice.has(dev)) byDevice.set(dev, path);
  }
  return [...byDevice.values()];
}

async function spaceOf(path: string) {
  const { bavail, blocks, bsize } = await statfs(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** Reports the file systems of these folders that are too full, and the room for guests' disks. */
export function hostRoom(options: HostRoomOptions): RoomReporter & GuestRoomMeter {
  const { paths, guests, neededBytes, reserveBytes } = options;
  const look = async () => {
    const { freeBytes, totalBytes } = await spaceOf(guests);
    return { path: guests, freeBytes, reservedBytes: reserveOf(totalBytes, reserveBytes) };
  };
  return {
    look,
    async shortages() {
      const { reservedBytes } = await look();
      const { dev: guestDevice } = await stat(guests);
      const found: string[] = [];
      for (const path of await fileSystems(paths)) {
        const { freeBytes } = await spaceOf(path);
        const isOfGuests = (await stat(path)).dev === guestDevice;
        const needed = isOfGuests ? Math.max(neededBytes, reservedBytes) : neededBytes;
        if (freeBytes >= needed) continue;
        found.push(
          `the file system of ${path} is full (${mib(freeBytes)} left): free at least ` +
            `${mib(needed)} there, for example by deleting snapshots and volumes and by 'bakehouse prune'`,
        );
      }
      return found;
    },
  };
}
