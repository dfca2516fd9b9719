import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hasOpenIn, roleOf, workFolderOf } from './platform-processes.ts';

const names = {
  blocks: '/data/blocks',
  guestMetadata: '/data/guest-metadata',
  instances: '/data/instances',
  runtime: '/run/bakehouse-abc',
  shortName: 'bhabc',
};
const facts = (argv: string[], cwd = '/') => ({ argv, cwd });

test.each([
  [
    'a guest by its folder',
    facts(['/usr/bin/qemu-system-x86_64', '-nodefaults'], '/data/instances/i-1'),
    { role: 'guest', subject: 'i-1' },
  ],
  [
    'a guest whose folder was deleted under it',
    facts(['qemu-system-x86_64'], '/data/instances/i-1 (deleted)'),
    { role: 'guest', subject: 'i-1' },
  ],
  [
    'a storage daemon by its pid file',
    facts(['qemu-storage-daemon', '--pidfile', '/run/bakehouse-abc/vol-0a/own/pid']),
    { role: 'disk daemon', subject: 'vol-0a' },
  ],
  [
    'the block server by its store',
    facts(['/opt/node', 'block-server.ts', '--store', '/data/blocks']),
    { role: 'block server' },
  ],
  [
    'the metadata agent by its documents',
    facts(['node', 'agent-main.ts', '--documents', '/data/guest-metadata/documents']),
    { role: 'metadata agent' },
  ],
  [
    'dnsmasq by its configuration',
    facts(['dnsmasq', '--conf-file=/run/bakehouse-bhabc/dnsmasq.conf']),
    { role: 'dnsmasq' },
  ],
  [
    'the process of public addresses by its socket',
    facts(['/opt/node', 'door-main.ts', '--socket', '/run/bakehouse-abc/doors']),
    { role: 'public addresses' },
  ],
  [
    'the way out by the namespace that it leads from',
    facts(['pasta', '--netns', '/run/netns/bhabc.edge']),
    { role: 'way out' },
  ],
])('recognizes %s', (_, given, expected) => {
  expect(roleOf(given, names)).toEqual(expected);
});

test.each([
  ["another platform's guest", facts(['qemu-system-x86_64'], '/other/instances/i-1')],
  [
    'the guest of a folder whose name only begins the same',
    facts(['qemu-system-x86_64'], '/data/instances-of-mine/i-1'),
  ],
  ['an editor of a file of ours', facts(['vi', '/data/blocks'])],
  ['a process without arguments', facts([])],
])('does not recognize %s', (_, given) => {
  expect(roleOf(given, names)).toBeUndefined();
});

test.each([
  ['a guest', facts(['qemu-system-x86_64'], '/x/instances/i-0a (deleted)'), '/x/instances/i-0a'],
  ['a block server', facts(['node', '/a/block-server.ts', '--store', '/x/blocks']), '/x/blocks'],
  ['an agent', facts(['/n/node', '/a/agent-main.ts', '--documents', '/x/d']), '/x/d'],
  ['a QEMU of somebody else', facts(['qemu-system-x86_64'], '/home/me'), undefined],
  ['another program', facts(['node', 'index.js', '--store', '/x']), undefined],
])('the folder that %s works on', (_, given, folder) => {
  expect(workFolderOf(given)).toBe(folder);
});

test('what a process has open is found where its folder was moved to', async () => {
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'bakehouse-moved-')));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const [before, after] = [join(parent, 'data'), join(parent, 'data-moved')];
  await mkdir(before);
  await writeFile(join(before, 'file'), 'text\n');
  const child = spawn('tail', ['-f', join(before, 'file')], { cwd: '/' });
  onTestFinished(() => void child.kill('SIGKILL'));
  // It has the file open.
  await once(child.stdout, 'data');
  const process = { pid: child.pid ?? 0 };
  await rename(before, after);
  expect(await hasOpenIn(process, after)).toBe(true);
  expect(await hasOpenIn(process, before)).toBe(false);
});
