import { expect, test } from 'vitest';
import { type Jail, planJail } from './plan-jail.ts';

const tools = {
  bwrap: '/usr/bin/bwrap',
  setpriv: '/usr/bin/setpriv',
  prlimit: '/usr/bin/prlimit',
  rootLinks: [['usr/lib', '/lib']] as const,
  rootFolders: [],
  hidden: ['/usr/local'],
};
const jail: Jail = {
  user: 500_001,
  folders: [
    { path: '/data/instances/i-1', writable: true },
    { path: '/run/guests', writable: false },
  ],
  devices: [{ source: '/dev/.lent', path: '/dev/net/tun' }],
  network: 'inherited',
  workingFolder: '/data/instances/i-1',
  threadsMax: 100,
};
const planned = (changes: Partial<Jail> = {}) =>
  planJail({ ...jail, ...changes }, tools, {
    argv: ['/usr/bin/qemu', '-S'],
    descriptors: { info: 3, filter: 4 },
  }).join(' ');

test('the program comes last, as its user, without rights', () => {
  expect(planned()).toMatch(
    /-- \/usr\/bin\/prlimit --nproc=100 -- \/usr\/bin\/setpriv --reuid=500001 --regid=500001 --clear-groups --bounding-set=-all --inh-caps=-all --ambient-caps=-all --no-new-privs -- \/usr\/bin\/qemu -S$/,
  );
});

test('groups of the host are kept only where a device needs one', () => {
  expect(planned({ groups: 'kept' })).toContain('--regid=500001 --keep-groups --bounding-set');
});

test('folders are where the host has them, below parents that the user can pass', () => {
  const text = planned();
  expect(text).toContain('--bind /data/instances/i-1 /data/instances/i-1');
  expect(text).toContain('--ro-bind /run/guests /run/guests');
  const parent = text.indexOf('--dir /data/instances ');
  expect(parent).toBeGreaterThan(text.indexOf('--dir /data '));
  expect(parent).toBeLessThan(text.indexOf('--bind /data/instances/i-1'));
  expect(text.indexOf('--remount-ro / ')).toBeGreaterThan(text.indexOf('/dev/net/tun'));
});

test('only a jail that works for a guest has its network', () => {
  expect(planned()).not.toContain('--unshare-net');
  expect(planned({ network: 'none' })).toContain('--unshare-net');
});
