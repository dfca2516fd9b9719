import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiB, silentLogger, systemClock } from '@bakehouse/base';
import { RoomKeeper } from '@bakehouse/orchestration/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { checkGuests } from '../src/doctor/check-guests.ts';
import { type WiredDrivers, wireQemuDrivers } from '../src/wiring/qemu-drivers.ts';
import { idOf, jailedPlatform } from './jailed-platform.ts';

const reserveMiB = 64;
const patience = { timeout: 60_000, interval: 100 };

/**
 * Writes a sector to every cluster of the first 32 MiB of its disk (INT 13h, AH=43h), for ever, with 10 ms between two
 * (INT 15h, AH=86h): it is still growing when the keeper looks at it for the second time.
 */
const writer =
  '31c08ed88ed0bc007cbe247cb80043cd1381062c7c80005231c9ba1027b486cd155aebe5' +
  '10000100007c00008000000000000000';

async function bootWriter(disk: string): Promise<void> {
  const sector = Buffer.alloc(512);
  Buffer.from(writer, 'hex').copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  const file = `${disk}.sector`;
  await writeFile(file, sector);
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', `write -s ${file} 0 512`, disk]);
  await rm(file);
}

async function smallFileSystem(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-reserve-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=192m,mode=0700', 'bakehouse-reserve', folder]);
  onTestFinished(async () => {
    execFileSync('umount', ['--lazy', folder]);
    await rm(folder, { recursive: true });
  });
  return folder;
}

/** The part of a control plane that keeps the room. */
function keepRoom({ drivers }: Pick<WiredDrivers, 'drivers'>) {
  const { compute, guestRoom } = drivers;
  if (guestRoom === undefined) throw new Error('real disks have an end');
  const stopping = new AbortController();
  const context = { compute, guestRoom, clock: systemClock, logger: silentLogger };
  const ended = new RoomKeeper(context).run(stopping.signal);
  return async () => {
    stopping.abort();
    await ended;
  };
}

const freeMiB = async (folder: string) => {
  const { bavail, bsize } = await statfs(folder);
  return Math.floor((bavail * bsize) / MiB);
};

test('a guest that grows into the reserve is paused, over restarts, until there is room; others go on', async () => {
  const root = await smallFileSystem();
  const data = join(root, 'data');
  const settings = ['--disk-reserve', `${reserveMiB}MiB`];
  const platform = await jailedPlatform({ root: data, settings });
  onTestFinished(() => platform[Symbol.asyncDispose]());
  const [hog, other] = [1, 2].map(idOf.instance);
  if (!hog || !other) throw new Error('two instances');
  await platform.start(2);
  const filler = join(root, 'filler');
  await writeFile(filler, Buffer.alloc(((await freeMiB(root)) - reserveMiB - 12) * MiB, 1));
  let stop = keepRoom(platform.wired);
  await platform.start(1, bootWriter);

  const why = expect.stringMatching(/its disks grew most: \d+ MiB .*free at least 80 MiB/);
  const { compute } = platform.wired.drivers;
  await vi.waitFor(
    async () => expect(await compute.stalled()).toEqual(new Map([[hog, why]])),
    patience,
  );
  expect(await freeMiB(root)).toBeGreaterThan(reserveMiB / 2);
  expect(await compute.list()).toMatchObject([
    { instanceId: hog, state: 'paused' },
    { instanceId: other, state: 'running' },
  ]);
  const found = { status: 'warn', detail: expect.stringContaining(`${hog} is paused: its disks`) };
  expect(await checkGuests(platform.data.instances)).toMatchObject([found]);
  const kept = await freeMiB(root);
  await stop();
  await platform.wired.close();

  const parts = { clock: systemClock, logger: silentLogger };
  const next = await wireQemuDrivers(platform.config, platform.data, parts);
  onTestFinished(() => next.close());
  await next.drivers.compute.adopt();
  stop = keepRoom(next);
  onTestFinished(() => stop());
  expect(await next.drivers.compute.held()).toEqual([hog]);
  expect(await next.drivers.compute.stalled()).toEqual(new Map([[hog, why]]));
  expect(await freeMiB(root)).toBe(kept);

  await rm(filler);
  await vi.waitFor(
    async () => expect(await next.drivers.compute.stalled()).toEqual(new Map()),
    patience,
  );
  expect(await next.drivers.compute.list()).toMatchObject([
    { instanceId: hog, state: 'running' },
    { instanceId: other, state: 'running' },
  ]);
  const none = { status: 'ok', detail: 'none is paused for lack of room' };
  expect(await checkGuests(platform.data.instances)).toMatchObject([none]);
});
