import { cp, mkdir, mkdtemp, readdir, realpath, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takePublicRange } from '@bakehouse/testkit';
import { ec2ClientOf } from './ec2-client.ts';
import { endPlatform } from './end-platform.ts';
import type { Platform } from './platform.ts';
import { output } from './run.ts';
import { startServer } from './server-process.ts';

const MiB = 1024 ** 2;
/** Guests may fill the disk to its last byte. */
const options = ['--disk-reserve', '0'];

/** A platform of one test file, with the image of the shared one, on a file system of its own. */
export interface SmallPlatform {
  readonly platform: Platform;
  /** Stops its server and starts it again afterwards; guests and helper processes keep running. */
  withoutServer(work: () => Promise<void>): Promise<void>;
  /** Gives the file system the room that was held back. */
  makeRoom(): Promise<void>;
  end(): Promise<void>;
}

/** What a new platform needs of another's data folder, which is at rest: blocks, records, credentials. */
export async function copyData(from: string, to: string): Promise<void> {
  await cp(join(from, 'blocks'), join(to, 'blocks'), { recursive: true });
  const records = (await readdir(from)).filter((name) => /^metadata\.sqlite(-wal)?$/.test(name));
  for (const name of ['credentials', 'folder-id', 'version', ...records])
    await cp(join(from, name), join(to, name));
}

async function usedBytes(folder: string): Promise<number> {
  return Number((await output(['du', '-sB1', folder])).split('\t')[0]);
}

/**
 * The file system is in memory and has `roomMiB` free after the copy; as much again is held back by a file, until
 * `makeRoom`.
 */
export async function openSmallPlatform(shared: Platform, roomMiB: number): Promise<SmallPlatform> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'bakehouse-small-')));
  const blocksBytes = await usedBytes(join(shared.dataDirectory, 'blocks'));
  const size = blocksBytes + (2 * roomMiB + 8) * MiB;
  await output(['mount', '-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'bakehouse-small', folder]);
  const dataDirectory = join(folder, 'data');
  const heldBack = join(folder, 'held-back');
  const unmount = async () => {
    // Lazily: this process still has the server's log open.
    await output(['umount', '--lazy', folder]);
    await rm(folder, { recursive: true });
  };
  try {
    await mkdir(dataDirectory, { mode: 0o700 });
    await copyData(shared.dataDirectory, dataDirectory);
    await writeFile(heldBack, Buffer.alloc(roomMiB * MiB, 1), { mode: 0o600 });
    const { cidr: publicCidr } = await takePublicRange();
    let server = await startServer(dataDirectory, publicCidr, '127.0.0.1:0', options);
    const { endpoint, log } = server;
    const platform = { ...shared, dataDirectory, endpoint, serverLog: log };
    return {
      platform,
      async withoutServer(work) {
        await server.stop();
        await work().finally(async () => {
          const { host } = new URL(endpoint);
          server = await startServer(dataDirectory, publicCidr, host, options);
        });
      },
      makeRoom: () => truncate(heldBack, 0),
      async end() {
        await truncate(heldBack, 0);
        await endPlatform(ec2ClientOf(platform), server, { dataDirectory, publicCidr });
        await unmount();
      },
    };
  } catch (error) {
    await unmount();
    throw error;
  }
}
