import { expect, test } from 'vitest';
import { daemonFiles } from '../qemu/daemon-files.ts';
import { planDaemonArgs } from '../qemu/storage-daemon.ts';
import { hotFileOfChain, planBlockdevChain } from './blockdev-chain.ts';

const options = {
  volumeId: 'vol-0123456789abcdef0',
  diskPath: '/data/a,b/disk.qcow2',
  exporterSocketPath: '/run/x.sock',
  readOnly: false,
  reconnectSeconds: 3600,
  openSeconds: 30,
} as const;

test('what is used comes before its user, and the last node is the disk', () => {
  const chain = planBlockdevChain({ ...options, originExport: 'map-0123456789abcdef0' });
  const names = chain.map((node) => node['node-name']);
  expect(names.at(-1)).toBe(options.volumeId);
  for (const [index, node] of chain.entries()) {
    for (const used of [node.file, node.backing].filter((name) => typeof name === 'string')) {
      expect(names.slice(0, index)).toContain(used);
    }
  }
  expect(chain[0]).toMatchObject({ 'read-only': true, 'reconnect-delay': 3600 });
});

test('a hot file is a read-only file in place of the export, and is found in the chain', () => {
  const hotPath = '/data/hot/blocks.raw';
  const chain = planBlockdevChain({ ...options, originExport: 'map-0123456789abcdef0', hotPath });
  expect(chain.map(({ driver }) => driver)).toEqual(['file', 'file', 'qcow2']);
  expect(chain[0]).toMatchObject({ filename: hotPath, 'read-only': true, locking: 'off' });
  expect(chain[2]).toMatchObject({ backing: chain[0]?.['node-name'] });
  expect(hotFileOfChain(chain, options.volumeId)).toBe(hotPath);
});

test.each([{}, { originExport: 'map-0123456789abcdef0' }])(
  'a chain over %j has no hot file',
  (origin) => {
    expect(hotFileOfChain(planBlockdevChain({ ...options, ...origin }), options.volumeId)).toBe(
      undefined,
    );
  },
);

test('a disk without origin never looks for a backing file', () => {
  expect(planBlockdevChain(options).at(-1)).toHaveProperty('backing', null);
});

test('QEMU does not write a disk back, to drop it from memory, when a stopped guest goes on', () => {
  const files = planBlockdevChain(options).filter(({ driver }) => driver === 'file');
  expect(files.map((file) => file['drop-cache'])).toEqual([false]);
});

test('paths with commas reach the storage daemon as they are', () => {
  const files = daemonFiles('/run/a,b', options.volumeId);
  const args = planDaemonArgs(files, planBlockdevChain(options));
  expect(args).toContain(
    'socket,id=qmp,server=on,wait=off,path=/run/a,,b/vol-0123456789abcdef0/qmp',
  );
  expect(args.filter((arg) => arg.includes('"filename":"/data/a,b/disk.qcow2"'))).toHaveLength(1);
});
