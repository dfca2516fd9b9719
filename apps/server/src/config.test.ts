import { GiB, MiB } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { jailIdsOf, readConfig, UsageError } from './config.ts';

test('a flag wins over the environment, which wins over the default', () => {
  const environment = { BAKEHOUSE_LISTEN: '127.0.0.1:5000', BAKEHOUSE_REGIONS: 'eu-west-1' };
  expect(readConfig(['--listen', '[::1]:6000'], environment)).toMatchObject({
    host: '::1',
    port: 6000,
    regions: ['eu-west-1'],
    auth: 'strict',
    compute: 'qemu',
  });
});

test('widths are read by name, and what is not named is left to the host', () => {
  expect(readConfig(['--widths', 'disk=8,boot=2'], {}).widths).toEqual({ disk: 8, boot: 2 });
  expect(readConfig([], {}).widths).toEqual({});
});

test('all regions are those of every partition, and us-east-1 stays the first', () => {
  const { regions } = readConfig(['--regions', 'all'], {});
  expect(regions.length).toBeGreaterThan(35);
  expect(new Set(regions).size).toBe(regions.length);
  expect(regions[0]).toBe('us-east-1');
  expect(regions).toEqual(
    expect.arrayContaining(['us-east-1', 'cn-north-1', 'cn-northwest-1', 'us-gov-west-1']),
  );
});

test('the data folder is made absolute, and has its place by default', () => {
  expect(readConfig(['--data', '/srv/../data'], {}).dataDirectory).toBe('/data');
  expect(readConfig([], { XDG_DATA_HOME: '/home/me/d' }).dataDirectory).toBe(
    '/home/me/d/bakehouse',
  );
});

test('records are in the data folder, or in a database whose servers say where they are reached', () => {
  expect(readConfig([], {})).not.toHaveProperty('metadataUrl');
  const database = ['--metadata', 'postgres://me@db/bakehouse?sslmode=require'];
  const shared = readConfig([...database, '--listen', '0.0.0.0:1', '--advertise', 'h:2'], {});
  expect(shared).toMatchObject({
    metadataUrl: 'postgres://me@db/bakehouse?sslmode=require',
    advertised: 'http://h:2',
  });
});

test.each([
  'postgres://me:secret@db/bakehouse',
  'postgresql://me:secret@db',
  'postgres://db/bakehouse?password=secret',
  'postgres://me:1#secret@db/bakehouse',
  'postgres://me:/secret@db/bakehouse',
  'secret',
])('a database URL with a password, or none, is refused without being shown: %s', (url) => {
  const read = () => readConfig([], { BAKEHOUSE_METADATA: url });
  expect(read).toThrow(UsageError);
  expect(read).toThrow('--metadata must be');
  expect(read).not.toThrow('secret');
});

const database = ['--metadata', 'postgres://db/bakehouse'];

test.each([
  [['--metadata', 'postgres://db'], 'must look like postgres://'],
  [['--advertise', 'host:4599'], 'add --metadata'],
  [[...database, '--advertise', 'host'], '--advertise must be HOST:PORT'],
  [[...database, '--advertise', 'host:0'], '--advertise must name a port'],
  [[...database, '--listen', '0.0.0.0:4599'], 'add --advertise HOST:PORT'],
  [['--listen', 'localhost'], '--listen must be HOST:PORT'],
  [['--listen', '127.0.0.1:70000'], '--listen must be HOST:PORT'],
  [['--regions', 'us-east-9'], "--regions has 'us-east-9'"],
  [['--auth', 'none'], '--auth must be one of strict, open'],
  [['--compute', 'docker'], '--compute must be one of qemu, simulated'],
  [['--log-level', 'loud'], '--log-level must be one of'],
  [['--owner-alias', 'a b'], '--owner-alias must have'],
  [['--owner-alias', 'self'], '--owner-alias must have'],
  [['--owner-alias', '123456789012'], '--owner-alias must have'],
  [['--auth', 'open', '--listen', '0.0.0.0:4599'], 'listen on 127.0.0.1 or use --auth strict'],
  [['--widths', 'disk=0'], '--widths must name disk, boot, capture'],
  [['--widths', 'disks=4'], "not 'disks=4'"],
  [['--disk-reserve', '5%'], '--disk-reserve must be a size in MiB or GiB, for example 512MiB'],
  [['--public-cidr', 'foo'], '--public-cidr: the public range foo cannot be used'],
  [['--compute', 'simulated', '--public-cidr', '10.0.0.0/8'], 'give an IPv4 range of /12 to /28'],
  [['--compute', 'simulated', '--public-cidr', '127.18.0.0/30'], '/12 to /28'],
  [['--seed', 'images.json'], 'add --compute simulated'],
  [['--sed', 'images.json'], "Unknown option '--sed'"],
])('%j is refused', (args, words) => {
  expect(() => readConfig(args, {})).toThrow(UsageError);
  expect(() => readConfig(args, {})).toThrow(words);
});

test.each([
  ['512MiB', 512 * MiB],
  ['2GiB', 2 * GiB],
  ['0', 0],
  ['', undefined],
])('a reserve of %j', (size, bytes) => {
  expect(readConfig(['--disk-reserve', size], {}).diskReserveBytes).toBe(bytes);
});

test('a public range is taken as the network takes it, whatever the compute', () => {
  const range = ['--public-cidr', '8.8.8.0/24'];
  expect(readConfig(range, {}).publicCidr).toBe('8.8.8.0/24');
  expect(readConfig([...range, '--compute', 'simulated'], {}).publicCidr).toBe('8.8.8.0/24');
});

test('without root, guests have subordinate ids, and addresses that a user can give the host', () => {
  const environment = { BAKEHOUSE_ROOTLESS_USER: '1000', XDG_STATE_HOME: '/home/me/s' };
  const config = readConfig([], environment);
  const { rootless, guestUsers } = config;
  expect(rootless).toEqual({ userId: 1000, claims: '/home/me/s/bakehouse/users' });
  expect(guestUsers.last).toBeLessThan(65_534);
  expect(jailIdsOf(config)).toEqual(guestUsers);
  expect(jailIdsOf({})).toEqual({ first: 65_536, last: 0x6fff_ffff });
  expect(() => readConfig(['--public-cidr', '10.1.0.0/16'], environment)).toThrow(/127\.0\.0\.0/);
  expect(() => readConfig(['--guest-users', '700000-800000'], environment)).toThrow(UsageError);
  expect(readConfig([], {})).not.toHaveProperty('rootless');
});
