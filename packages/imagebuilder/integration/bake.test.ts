import { execFile } from 'node:child_process';
import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { silentLogger } from '@bakehouse/base';
import type { BakedDisk, BakeProgress } from '@bakehouse/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createImageBuilder } from '../src/index.ts';

/** Installing Debian takes minutes on a busy machine. */
const bakeTimeoutMs = 15 * 60_000;
const run = promisify(execFile);
const fileSystemOffset = 1024 * 1024;

let directory = '';
let disk: BakedDisk;
const progress: BakeProgress[] = [];

const builder = () => createImageBuilder({ directory, logger: silentLogger });

async function debugfs(request: string): Promise<string> {
  const image = `${disk.path}?offset=${fileSystemOffset}`;
  return (await run('/usr/sbin/debugfs', ['-R', request, image])).stdout;
}
const fileText = (path: string) => debugfs(`cat ${path}`);
async function names(path: string): Promise<string[]> {
  const listing = await debugfs(`ls -p ${path}`);
  const all = listing.split('\n').flatMap((line) => line.split('/')[5] ?? []);
  return all.filter((name) => name !== '' && name !== '.' && name !== '..');
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bakehouse-bake-'));
  const onProgress = (step: BakeProgress) => progress.push(step);
  disk = await builder().bake({ recipe: 'bakehouse-linux', onProgress });
}, bakeTimeoutMs);
afterAll(() => rm(directory, { recursive: true, force: true }), 60_000);

test('the disk has a boot record with GRUB and one bootable Linux partition at 1 MiB', async () => {
  const sector = Buffer.alloc(512);
  await using file = await open(disk.path);
  await file.read(sector, 0, sector.length, 0);
  expect([sector[510], sector[511]]).toEqual([0x55, 0xaa]);
  expect(sector.toString('latin1')).toContain('GRUB');
  const { stdout } = await run('/usr/sbin/sfdisk', ['--json', disk.path]);
  const { partitiontable } = JSON.parse(stdout);
  expect(partitiontable.partitions).toHaveLength(1);
  expect(partitiontable.partitions[0]).toMatchObject({ start: 2048, type: '83', bootable: true });
  const { start, size } = partitiontable.partitions[0];
  expect((start + size) * 512).toBe(disk.sizeBytes);
});

test('the disk is sparse and has the size of its description', async () => {
  const { size, blocks } = await stat(disk.path);
  expect(size).toBe(disk.sizeBytes);
  expect(blocks * 512).toBeLessThan(size / 2);
});

test('the menu starts an existing kernel with an existing initramfs', async () => {
  const menu = await fileText('/boot/grub/grub.cfg');
  const paths = [...menu.matchAll(/^ {2}(?:linux16|initrd16) \/boot\/(\S+)/gm)].map(
    ([, name]) => name,
  );
  expect(paths).toHaveLength(2);
  const boot = await names('/boot');
  for (const path of paths) expect(boot).toContain(path);
  expect(menu).toMatch(/root=LABEL=\/ .*console=ttyS0/);
});

test('/etc/image-id names this image', async () => {
  const lines = (await fileText('/etc/image-id')).trimEnd().split('\n');
  const id = new Map(lines.map((line) => [line.split('=')[0], line.split('"')[1] ?? '']));
  expect([...id.keys()]).toEqual([
    'image_name',
    'image_version',
    'image_arch',
    'image_file',
    'image_stamp',
    'image_date',
    'recipe_name',
    'recipe_id',
  ]);
  expect(disk.name).toContain(id.get('image_date'));
  expect(disk.tags['recipe-id']).toBe(id.get('recipe_id'));
});

test('it contains nothing that belongs to one machine', async () => {
  expect(await fileText('/etc/machine-id')).toBe('');
  expect((await names('/etc/ssh')).filter((name) => name.startsWith('ssh_host_'))).toEqual([]);
  expect(await names('/var/lib/cloud')).toEqual([]);
  expect((await names('/var/lib/apt/lists')).sort()).toEqual(['lock', 'partial']);
  expect((await names('/var/cache/apt/archives')).sort()).toEqual(['lock', 'partial']);
  expect(await names('/etc/apt/sources.list.d')).toEqual([]);
  expect(await names('/etc/apt/apt.conf.d')).not.toContain('99mmdebstrap');
  expect(await names('/var/lib/systemd')).not.toContain('random-seed');
});

test('no account has a password, and packages come from Debian', async () => {
  const shadow = (await fileText('/etc/shadow')).trimEnd().split('\n');
  for (const line of shadow) expect(line.split(':')[1]).toMatch(/^[*!]+$/);
  const sources = await fileText('/etc/apt/sources.list');
  const hosts = [...sources.matchAll(/https?:\/\/([^/]+)/g)].map(([, host]) => host);
  expect(new Set(hosts)).toEqual(new Set(['deb.debian.org']));
});

test('owners and modes of the base system are kept', async () => {
  expect(await debugfs('stat /usr/bin/sudo')).toMatch(/Mode: +04755[\s\S]*User: +0 +Group: +0/);
  expect(await debugfs('stat /etc/shadow')).toMatch(/Mode: +0640/);
  expect(await debugfs('stat /etc/default/bakehouse-boot')).toMatch(/Mode: +0644/);
});

test('progress reports each stage in order, up to its end', () => {
  const stages = [...new Set(progress.map((step) => step.stage))];
  expect(stages).toEqual(['base system', 'boot loader', 'file system', 'check']);
  for (const stage of stages) {
    const fractions = progress
      .filter((step) => step.stage === stage)
      .flatMap((s) => s.fraction ?? []);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
  }
});

test(
  'an aborted bake leaves no files and no lock; the next one takes the base system from the cache',
  async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    const aborted = builder().bake({
      recipe: 'bakehouse-linux',
      signal: controller.signal,
      onProgress: (step) => {
        if (step.stage === 'file system' && step.message === 'unpacking') controller.abort(reason);
      },
    });
    await expect(aborted).rejects.toBe(reason);
    expect((await readdir(directory)).sort()).toEqual([
      'bases',
      'disks',
      'last-bake.log',
      'packages',
    ]);

    const messages = new Set<string | undefined>();
    const again = builder();
    const second = await again.bake({
      recipe: 'bakehouse-linux',
      onProgress: (step) => messages.add(step.message),
    });
    expect(messages).not.toContain('installing packages');
    expect(second.name).not.toBe(disk.name);
    await again.discard(second);
    expect(await readdir(join(directory, 'disks'))).toEqual([]);
  },
  bakeTimeoutMs,
);

test('an unknown recipe is refused by name', async () => {
  await expect(builder().bake({ recipe: 'cake' })).rejects.toThrow(
    "there is no recipe 'cake'; there are: bakehouse-linux",
  );
});

test('discards nothing outside its own folder', async () => {
  const foreign = { ...disk, path: '/etc/passwd' };
  await expect(builder().discard(foreign)).rejects.toThrow(
    '/etc/passwd is not a disk of this builder',
  );
});
