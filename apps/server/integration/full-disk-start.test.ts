import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeVolumesCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { MiB } from '@bakehouse/base';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type ServerProcess, sdkClient, serveFolder } from './server-process.ts';

const isRoot = process.getuid?.() === 0;

/** Mounting a small file system needs root. */
async function smallFileSystem(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256m', 'bakehouse-full', folder]);
  onTestFinished(async () => {
    execFileSync('umount', ['--lazy', folder]);
    await rm(folder, { recursive: true });
  });
  return folder;
}

/** Writes until nothing more fits, as guests do. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'a');
  try {
    for (const size of [MiB, 4096]) {
      const bytes = Buffer.alloc(size, 1);
      let hasRoom = true;
      while (hasRoom) {
        hasRoom = await file.appendFile(bytes).then(
          () => true,
          () => false,
        );
      }
    }
  } finally {
    await file.close();
  }
}

const health = async ({ url }: ServerProcess) => (await fetch(`${url}/healthz`)).json();

const volumeIds = async (ec2: EC2Client) =>
  ((await ec2.send(new DescribeVolumesCommand({}))).Volumes ?? []).map(({ VolumeId }) => VolumeId);

test.runIf(isRoot)(
  'a server that is killed on a full disk starts again, loses nothing, and takes its reserve back',
  async () => {
    const folder = await smallFileSystem();
    const data = join(folder, 'data');
    const reserve = join(data, 'reserve');
    await mkdir(data, { mode: 0o700 });
    let server = await serveFolder(data);
    onTestFinished(() => server.kill());
    const held = async () => (await readdir(reserve).catch(() => [])).length;
    const patience = { timeout: 60_000, interval: 100 };
    await vi.waitFor(async () => expect(await held()).toBe(4), patience);
    const ec2 = await sdkClient(server);
    const volume = { AvailabilityZone: 'us-east-1a', Size: 1 };
    const { VolumeId = '' } = await ec2.send(new CreateVolumeCommand(volume));

    for (const partsLeft of [3, 2]) {
      await fill(join(folder, 'guests'));
      expect((await statfs(folder)).bavail).toBe(0);
      await server.kill();
      await fill(join(folder, 'guests'));
      server = await serveFolder(data);
      expect(await held()).toBe(partsLeft);
      expect(await volumeIds(await sdkClient(server))).toEqual([VolumeId]);
      expect(await health(server)).toMatchObject({ counts: { volumes: 1 } });
    }
    // What frees room can be asked for.
    await (await sdkClient(server)).send(new DeleteVolumeCommand({ VolumeId }));
    await rm(join(folder, 'guests'));
    await vi.waitFor(async () => expect(await held()).toBe(4), patience);
  },
);
