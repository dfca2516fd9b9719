import { expect, test } from 'vitest';
import { classifyProcess, type ProcessFacts, workFolderOf } from './platform-processes.ts';

const names = {
  blocks: '/data/blocks',
  guestMetadata: '/data/guest-metadata',
  instances: '/data/instances',
  runtime: '/run/bakehouse-abc',
  shortName: 'bhabc',
};
const facts = (argv: string[], cwd = '/'): ProcessFacts => ({ pid: 7, argv, cwd });

test.each([
  [
    'a guest by its folder',
    facts(['/usr/bin/qemu-system-x86_64', '-nodefaults'], '/data/instances/i-1'),
    { pid: 7, role: 'guest', subject: 'i-1' },
  ],
  [
    'a guest whose folder was deleted under it',
    facts(['qemu-system-x86_64'], '/data/instances/i-1 (deleted)'),
    { pid: 7, role: 'guest', subject: 'i-1' },
  ],
  [
    'a storage daemon by its pid file',
    facts(['qemu-storage-daemon', '--pidfile', '/run/bakehouse-abc/vol-0a.pid']),
    { pid: 7, role: 'disk daemon', subject: 'vol-0a' },
  ],
  [
    'the block server by its store',
    facts(['/opt/node', 'block-server.ts', '--store', '/data/blocks']),
    { pid: 7, role: 'block server' },
  ],
  [
    'the metadata agent by its documents',
    facts(['node', 'agent-main.ts', '--documents', '/data/guest-metadata/documents']),
    { pid: 7, role: 'metadata agent' },
  ],
  [
    'dnsmasq by its configuration',
    facts(['dnsmasq', '--conf-file=/run/bakehouse-bhabc/dnsmasq.conf']),
    { pid: 7, role: 'dnsmasq' },
  ],
])('knows %s', (_, given, expected) => {
  expect(classifyProcess(given, names)).toEqual(expected);
});

test.each([
  ["another platform's guest", facts(['qemu-system-x86_64'], '/other/instances/i-1')],
  ['a folder that only begins alike', facts(['qemu-system-x86_64'], '/data/instances-of-mine/i-1')],
  ['an editor of a file of ours', facts(['vi', '/data/blocks'])],
  ['a process without arguments', facts([])],
])('leaves %s alone', (_, given) => {
  expect(classifyProcess(given, names)).toBeUndefined();
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
