import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, MiB, systemClock } from '@bakehouse/base';
import type { InstanceId, VolumeId } from '@bakehouse/domain';
import { findControlGroups, jailUsers, runJailed } from '@bakehouse/host';
import { expect, onTestFinished, test } from 'vitest';
import { qemuVolumes, volumeContext } from '../src/create-qemu-volumes.ts';
import { mapOfFile } from './map-of-file.ts';
import { diskBytes, id, jailedUsers, openedRig, originMapId, type Rig } from './rig.ts';

const volumeId = id.volume(1);
const instanceId = id.instance(1);
const work = { signal: new AbortController().signal };
const everyDisk = async (ids: readonly VolumeId[]) => new Set(ids);

const blocksOf = (rig: Rig) => join(rig.directory, 'hot-maps', originMapId, 'blocks.raw');
const linksOf = async (rig: Rig) => (await stat(blocksOf(rig))).nlink;
const doorOf = (rig: Rig, instance: InstanceId = instanceId) =>
  join(rig.volumesDirectory, '.machines', instance);
const linkIn = (rig: Rig) => join(doorOf(rig), `${volumeId}.hot.raw`);

async function hotRig(volumeIds: readonly VolumeId[] = [volumeId]): Promise<Rig> {
  const rig = await openedRig();
  await rig.volumes().hot.make(originMapId, work);
  for (const each of volumeIds) {
    const disk = { volumeId: each, sizeBytes: diskBytes, originMapId };
    expect(await rig.volumes().create(disk)).toBe('hot');
  }
  return rig;
}

test('what a machine’s jail has of its hot map is a file of root’s that it can only read', async () => {
  const rig = await hotRig();
  await rig.stopOrigin();
  const machine = await rig.start([volumeId]);
  const path = linkIn(rig);
  expect((await stat(path)).ino).toBe((await stat(blocksOf(rig))).ino);
  const jail = {
    user: (await stat(join(rig.directory, 'machines', instanceId))).gid,
    folders: await rig.volumes().openMachine(instanceId),
    devices: [],
    network: 'none',
    workingFolder: '/',
    threadsMax: 200,
  } as const;
  const attempt = (command: string) =>
    runJailed(jail, ['sh', '-c', command], { timeoutMs: 20_000 }).catch(String);
  expect(await attempt(`head -c 3 ${path}`)).toBe('\x11\x11\x11');
  expect(await attempt(`printf x >> ${path}`)).toMatch(/Permission denied/);
  for (const command of [
    `chmod 0666 ${path}`,
    `chown $(id -u) ${path}`,
    `touch -d 2001-01-01 ${path}`,
    `rm -f ${path}`,
    `mv ${path} ${path}.old`,
    `ln ${path} ${path}.more`,
  ]) {
    expect(await attempt(command)).toMatch(/Permission denied|not permitted/);
  }
  expect(await attempt(`head -c 1 ${blocksOf(rig)}`)).toMatch(/No such file/);
  const { uid, gid, mode, nlink } = await stat(blocksOf(rig));
  expect([uid, gid, mode & 0o777, nlink]).toEqual([0, 0, 0o444, 2]);
  await machine.quit();
});

test('the link goes with the disk, and with the machine', async () => {
  const second = id.volume(2);
  const rig = await hotRig([volumeId, second]);
  const machine = await rig.start([volumeId, second]);
  expect(await linksOf(rig)).toBe(3);
  await rig.volumes().takeFromMachine(volumeId);
  await rig.volumes().takeFromMachine(volumeId);
  expect(await readdir(doorOf(rig))).toEqual([`${second}.hot.raw`, `${second}.qcow2`]);
  await machine.quit();
  expect(await linksOf(rig)).toBe(1);
});

test('a filled disk has no link to the hot map that it does not need any more', async () => {
  const rig = await hotRig();
  const machine = await rig.start([volumeId]);
  expect(await linksOf(rig)).toBe(2);
  expect(await rig.volumes().hydrate(volumeId, instanceId, work)).toBe(true);
  expect(await linksOf(rig)).toBe(1);
  await machine.quit();
});

test('a drop leaves no link, so that the space is free', async () => {
  const rig = await hotRig();
  const machine = await rig.start([volumeId]);
  expect(await rig.volumes().hot.drop(originMapId, async () => new Set())).toBe(false);
  expect(await linksOf(rig)).toBe(2);
  // As at a crash: nobody has closed its door.
  await machine.kill();
  await link(blocksOf(rig), join(doorOf(rig), 'by-another-name'));
  const file = await open(blocksOf(rig));
  expect(await rig.volumes().hot.drop(originMapId, everyDisk)).toBe(true);
  expect((await file.stat()).nlink).toBe(0);
  await file.close();
  expect(await readdir(doorOf(rig))).toEqual([`${volumeId}.qcow2`]);
});

/**
 * Takes the lock by which QEMU says that it lets nobody else read a file (a read lock of byte 200: `RAW_LOCK_SHARED_BASE`
 * of QEMU's block/file-posix.c), which needs no more than a descriptor to read.
 */
async function holdLock(path: string): Promise<void> {
  const program = `
import fcntl, os, struct, sys, time
file = os.open(sys.argv[1], os.O_RDONLY)
fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack('hhqqq', fcntl.F_RDLCK, os.SEEK_SET, 200, 1, 0))
print('held', flush=True)
time.sleep(300)`;
  const holder = spawn('python3', ['-c', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    holder.kill('SIGKILL');
    if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
  });
  await once(holder.stdout, 'data');
}

test('a reader that locks the hot file keeps no other machine from it, and no drop', async () => {
  const rig = await hotRig();
  const volumes = rig.volumes();
  await holdLock(blocksOf(rig));
  const machine = await rig.start([volumeId]);
  await machine.io(0, 'read -P 17 0 8M');
  await machine.quit();
  await volumes.grow(volumeId, diskBytes + MiB);
  const freeze = { volumeId, snapshotId: id.snapshot(1), originMapId };
  expect(await volumes.freeze([freeze])).toHaveLength(1);
  await volumes.thaw([freeze], 'captured');
  expect(await volumes.hot.drop(originMapId, everyDisk)).toBe(true);
});

test('a disk whose hot map is not checked yet gets its export, and no link of an earlier start', async () => {
  const rig = await hotRig();
  await (await rig.start([volumeId])).kill();
  const volumes = rig.volumesAfterBoot();
  const [origin] = await volumes.blockdevChain({ volumeId, instanceId });
  expect(origin).toMatchObject({ driver: 'nbd', export: originMapId });
  expect(await readdir(doorOf(rig))).toEqual([`${volumeId}.qcow2`]);
});

test('a disk at rest over a hot map is grown and frozen in its jail', async () => {
  const rig = await hotRig();
  const volumes = rig.volumes();
  await volumes.grow(volumeId, diskBytes + MiB);
  const freeze = { volumeId, snapshotId: id.snapshot(1), originMapId };
  expect(await volumes.freeze([freeze])).toHaveLength(1);
  await volumes.thaw([freeze], 'captured');
  const { uid, mode } = await stat(blocksOf(rig));
  expect([uid, mode & 0o777]).toEqual([0, 0o444]);
});

test('hot maps on another file system are not used, and the log says so once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-volumes-'));
  const hotDirectory = await mkdtemp('/dev/shm/bakehouse-hot-');
  onTestFinished(async () => {
    for (const path of [folder, hotDirectory]) await rm(path, { recursive: true, force: true });
  });
  const path = (name: string) => join(folder, name);
  const users = jailUsers({ range: jailedUsers, claims: path('users') });
  const logged: string[] = [];
  const logger: Logger = { log: (_, message) => logged.push(message), with: () => logger };
  const rawPath = path('origin.raw');
  const raw = await open(rawPath, 'w');
  await raw.write(Buffer.alloc(MiB, 0x11));
  await raw.close();
  const volumes = qemuVolumes(
    volumeContext({
      directory: path('volumes'),
      hotDirectory,
      maps: mapOfFile(originMapId, rawPath),
      runtimeDirectory: path('run'),
      exporterSocketPath: path('origin/nbd'),
      exportName: async (mapId, reader) => `${mapId}.${reader ?? 'tool'}.PROOF`,
      groups: () => findControlGroups(),
      machineUser: (instance) => users.of(path(`machines/${instance}`)),
      users,
      instanceSockets: () => undefined,
      clock: systemClock,
      logger,
    }),
  );
  await volumes.hot.make(originMapId, work);
  for (const each of [volumeId, id.volume(2)]) {
    const disk = { volumeId: each, sizeBytes: diskBytes, originMapId };
    expect(await volumes.create(disk)).toBe('store');
  }
  await volumes.openMachine(instanceId);
  const [origin] = await volumes.blockdevChain({ volumeId, instanceId });
  expect(origin).toMatchObject({ driver: 'nbd', export: `${originMapId}.${volumeId}.PROOF` });
  const [forTool] = await volumes.blockdevChain({ volumeId });
  expect(forTool).toMatchObject({ driver: 'nbd', export: `${originMapId}.tool.PROOF` });
  expect(await readFile(path(`volumes/${volumeId}/disk.json`), 'utf8')).not.toContain('hot');
  expect(logged).toEqual(['disks do not use hot maps, which are on another file system']);
  expect((await readdir(path('volumes'))).sort()).toEqual(['.machines', volumeId, id.volume(2)]);
});
