import { randomBytes } from 'node:crypto';
import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, MiB } from '@bakehouse/base';
import { readFolderIfExists, writeFileDurably } from '@bakehouse/host';
import { isNoSpace } from './no-space.ts';

/** A start on a full disk takes one part, so that several starts are possible before anybody makes room. */
const parts: readonly string[] = ['1', '2', '3', '4'];
const partBytes = 8 * MiB;
/** What a start needs for its lock, its logs, and the journals of records and blocks. */
const startBytes = 8 * MiB;
/** Paused guests resume at 64 MiB: what is less than twice that is theirs. */
const refillBytes = 128 * MiB;

export interface ReserveOptions {
  /** The folder of the reserve, on the file system of the data. */
  readonly folder: string;
  readonly logger: Logger;
  /** Free bytes there; replaced by tests. */
  readonly freeBytes?: () => Promise<number>;
}

/**
 * Room that only a start uses: a server that was killed on a full disk could not even take its lock, and without a server
 * nobody can delete what fills the disk.
 */
export interface Reserve {
  /** Call it at a start, before anything is written. On a full disk it gives up a part, more if that is not enough. */
  makeRoom(): Promise<void>;
  /** Takes back the parts for which there is room. Call it now and then. A full disk is no error. */
  refill(): Promise<void>;
}

export function reserveIn(options: ReserveOptions): Reserve {
  const { folder, logger } = options;
  const freeBytes = options.freeBytes ?? (() => freeBytesOf(folder));
  const held = async () => {
    const names = await readFolderIfExists(folder);
    return parts.filter((part) => names.includes(part));
  };
  return {
    async makeRoom() {
      for (const part of (await held()).toReversed()) {
        const free = await freeBytes();
        if (free >= startBytes) return;
        // The parts hold nothing: removing one needs no room.
        await rm(join(folder, part), { force: true });
        const left = (await held()).length;
        logger.log('warn', 'the disk is full: a part of the reserve was given up for this start', {
          folder,
          freeMiB: Math.floor(free / MiB),
          partsLeft: left,
          wayOut: 'free at least 64 MiB there; the reserve is taken back at 128 MiB',
        });
      }
    },
    async refill() {
      const names = await held();
      const missing = parts.filter((part) => !names.includes(part));
      if (missing.length === 0) return;
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch(ignoreFullDisk);
      for (const part of missing) {
        if ((await freeBytes()) < refillBytes) return;
        // Random: a file system that compresses would keep no room for zeros.
        const content = randomBytes(partBytes);
        await writeFileDurably(join(folder, part), content).catch(ignoreFullDisk);
      }
    },
  };
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function ignoreFullDisk(error: unknown): void {
  if (!isNoSpace(error)) throw error;
}
