import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MiB } from '@bakehouse/base';
import type { FreezeVolume, VolumeId } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { nestedChain } from './nested-chain.ts';
import {
  at,
  changedMiB,
  diskBytes,
  id,
  type Machine,
  one,
  openedRig,
  originMapId,
  type Rig,
  readView,
} from './rig.ts';

const run = promisify(execFile);
const volumeId = id.volume(1);
const work = { signal: new AbortController().signal };
const everyDisk = async (ids: readonly VolumeId[]) => new Set(ids);

async function hotRig(): Promise<Rig> {
  const rig = await openedRig();
  await rig.volumes().hot.make(originMapId, work);
  await rig.volumes().create({ volumeId, sizeBytes: diskBytes, originMapId });
  return rig;
}

const recordOf = async (rig: Rig) =>
  JSON.parse(await readFile(join(rig.volumesDirectory, volumeId, 'disk.json'), 'utf8'));

/** What QEMU says of a read through the guest's device. */
const readBy = async ({ execute }: Machine, command: string) =>
  String(
    await execute('human-monitor-command', {
      'command-line': `qemu-io -d /machine/peripheral/d0/virtio-backend "${command}"`,
    }),
  );

test('the whole disk is read while the block server is dead', async () => {
  const rig = await hotRig();
  await rig.stopOrigin();
  const chain = nestedChain(await rig.volumes().blockdevChain({ volumeId, readOnly: true }));
  const reads = ['read -P 17 0 8M', 'read -P 0 8M 7M', 'read -P 34 15M 1M', 'read -P 0 16M 48M'];
  const commands = reads.flatMap((command) => ['-c', command]);
  const { stdout } = await run('qemu-io', ['-r', ...commands, `json:${JSON.stringify(chain)}`]);
  expect(stdout).not.toContain('failed');
  expect(stdout.match(/^read \d/gm)).toHaveLength(reads.length);
});

test('the file is read-only, sparse, and on nobody else’s path', async () => {
  const rig = await hotRig();
  const folder = join(rig.directory, 'hot-maps', originMapId);
  const file = await stat(join(folder, 'blocks.raw'));
  expect([file.mode & 0o777, file.size]).toEqual([0o444, 16 * MiB]);
  expect(file.blocks * 512).toBeLessThan(10 * MiB);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test('a machine keeps its hot map over a new control plane, and a drop leaves it to it', async () => {
  const rig = await hotRig();
  const machine = await rig.start([volumeId]);
  await rig.stopOrigin();
  const { hot } = rig.volumes();
  expect(await hot.usersOf(originMapId)).toEqual([volumeId]);
  expect(await hot.drop(originMapId, async () => new Set())).toBe(false);
  expect(await readBy(machine, 'read -P 17 0 8M')).not.toContain('failed');
  await machine.quit();
  expect(await hot.drop(originMapId, everyDisk)).toBe(true);
  expect(await recordOf(rig)).toEqual({ version: 1, originMapId });
  await rig.restartOrigin();
  const next = await rig.start([volumeId]);
  expect(await readBy(next, 'read -P 17 0 8M')).not.toContain('failed');
  await next.quit();
});

test('a snapshot reads only what was written over the hot map', async () => {
  const rig = await hotRig();
  const volumes = rig.volumes();
  const machine = await rig.start([volumeId]);
  await machine.write(0, 2 * MiB, { byte: 0x33, lengthBytes: MiB });
  const first: FreezeVolume = { volumeId, snapshotId: id.snapshot(1), originMapId };
  const view = one(await volumes.freeze([first], machine.instanceId));
  expect(view.baseMapId).toBe(originMapId);
  expect(await changedMiB(view)).toEqual([[2, 1]]);
  const bytes = await readView(rig, view);
  expect([at(bytes, 0), at(bytes, 2), at(bytes, 15)]).toEqual([0x11, 0x33, 0x22]);
  await volumes.thaw([first], 'captured', machine.instanceId);
  await machine.quit();
});

test.each(['in a machine', 'at rest'])('a disk is filled from its hot map %s', async (where) => {
  const rig = await hotRig();
  const machine = where === 'at rest' ? undefined : await rig.start([volumeId]);
  await rig.stopOrigin();
  const volumes = rig.volumes();
  expect(await volumes.hydrate(volumeId, machine?.instanceId, work)).toBe(true);
  expect(await recordOf(rig)).toEqual({ version: 1 });
  expect(await volumes.hot.usersOf(originMapId)).toEqual([]);
  await machine?.quit();
  expect(await volumes.hot.drop(originMapId, async () => new Set())).toBe(true);
});

test('after a start of the host the block store serves until the file is checked', async () => {
  const rig = await hotRig();
  const volumes = rig.volumesAfterBoot();
  const drivers = async () =>
    (await volumes.blockdevChain({ volumeId })).map(({ driver }) => driver);
  expect(await drivers()).toEqual(['nbd', 'file', 'qcow2']);
  expect(await volumes.hot.check(originMapId, work)).toBe(0);
  expect(await drivers()).toEqual(['file', 'file', 'qcow2']);
});

test('a control plane that is killed while it makes a hot map leaves what the sweep removes', async () => {
  const rig = await openedRig();
  const hotDirectory = join(rig.directory, 'hot-maps');
  const program = join(import.meta.dirname, 'hot-making-process.ts');
  const rawPath = join(rig.directory, 'origin.raw');
  const maker = spawn(process.execPath, [program, hotDirectory, originMapId, rawPath], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(maker.stdout, 'data');
  maker.kill('SIGKILL');
  await once(maker, 'exit');
  const volumes = rig.volumes();
  const half = `.new-${originMapId}`;
  expect(await readdir(hotDirectory)).toEqual([half]);
  expect(await volumes.hot.list()).toEqual([]);
  const request = { wanted: new Set<never>(), instanceIds: [] };
  const strays = [{ what: 'folder', name: join(hotDirectory, half) }];
  expect(await volumes.sweep({ ...request, dryRun: true })).toEqual(strays);
  expect(await volumes.sweep(request)).toEqual(strays);
  expect(await readdir(hotDirectory)).toEqual([]);
  await volumes.hot.make(originMapId, work);
  expect(await volumes.hot.list()).toMatchObject([{ state: 'ready' }]);
});
