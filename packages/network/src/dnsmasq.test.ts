import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { dnsmasqIn } from './dnsmasq.ts';
import { dnsmasqConfigFile, dnsmasqPidFile } from './dnsmasq-files.ts';
import { networkNames } from './network-names.ts';

test('a process that outlived its namespace is not found, as it serves nobody', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-dnsmasq-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const config = join(folder, dnsmasqConfigFile);
  await writeFile(config, '');
  const child = spawn('tail', ['-f', config], { stdio: 'ignore' });
  onTestFinished(async () => {
    child.kill();
    await once(child, 'exit');
  });
  await once(child, 'spawn');
  await writeFile(join(folder, dnsmasqPidFile), String(child.pid));
  const names = { ...networkNames('bh-unit', folder), runtimeDirectory: folder };
  const findIn = (namespaceFile: string) =>
    dnsmasqIn(
      { ...names, namespaceFile },
      { run: async () => '', clock: systemClock, enter: [] },
    ).find();
  expect(await findIn('/proc/self/ns/net')).toMatchObject({ pid: child.pid });
  expect(await findIn(join(folder, 'missing'))).toBeUndefined();
});

test("its files are readable for dnsmasq's own user, whatever the umask is when they are made", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-dnsmasq-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const runtimeDirectory = join(folder, 'run', 'vpc');
  const names = { namespaceFile: '/proc/self/ns/net', runtimeDirectory };
  const before = process.umask(0o077);
  onTestFinished(() => void process.umask(before));
  const dnsmasq = dnsmasqIn(names, { run: async () => '', clock: systemClock, enter: [] });
  const vpc = { cidrs: ['10.0.0.0/16'], dhcp: {} };
  await expect(dnsmasq.apply({ hosts: 'a' }, vpc, [])).rejects.toThrow('ended right after');
  const modes = async (path: string) => (await stat(path)).mode & 0o777;
  expect([await modes(join(folder, 'run')), await modes(runtimeDirectory)]).toEqual([0o755, 0o755]);
  for (const name of await readdir(runtimeDirectory)) {
    expect([name, await modes(join(runtimeDirectory, name))]).toEqual([name, 0o644]);
  }
});

test('one that runs has read the configuration that is written, wherever this process is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-dnsmasq-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const config = join(folder, dnsmasqConfigFile);
  await writeFile(config, 'before');
  // In the place of dnsmasq: when it is ended, it notes what is written then.
  const script =
    'trap \'cp "$0" "$0.seen"; exit\' TERM; echo ready; while :; do sleep 1 & wait; done';
  const child = spawn('sh', ['-c', script, config], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  await writeFile(join(folder, dnsmasqPidFile), String(child.pid));
  const names = { namespaceFile: '/proc/self/ns/net', runtimeDirectory: folder };
  const dnsmasq = dnsmasqIn(names, { run: async () => '', clock: systemClock, enter: [] });
  const vpc = { cidrs: ['10.0.0.0/16'], dhcp: {} };
  await expect(dnsmasq.apply({}, vpc, [])).rejects.toThrow('ended right after');
  expect(await readFile(`${config}.seen`, 'utf8')).toBe('before');
  expect(await readFile(config, 'utf8')).toContain('10.0.0.0');
});
