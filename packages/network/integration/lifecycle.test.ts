import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { LinuxNetwork } from '../src/linux-network.ts';
import { networkNames, vpcNames } from '../src/network-names.ts';
import { connect, endConversations, freeHostPort, hello, serve } from './talk.ts';
import {
  allOut,
  groupId,
  ownLeftovers,
  policyNic,
  policyOf,
  serveSsh,
  ssh,
  sshIn,
  type TestPlatform,
  testPlatform,
} from './test-platform.ts';

let platform: TestPlatform;

beforeEach(async () => {
  platform = await testPlatform();
  await platform.network.open();
});

afterEach(async () => {
  endConversations();
  await platform.dispose();
});

const names = () => networkNames(platform.options.name, platform.directory);
const vpcOf = () => vpcNames(names(), platform.nic(10).vpcId);
async function rulesets(): Promise<string> {
  const list = ['nft', '-s', 'list', 'ruleset'];
  const router = await platform.run([...platform.network.enter(), ...list]);
  const vpc = await platform.run([...platform.enterVpc(platform.nic(10)), ...list]);
  const inside = `${router}${vpc}`;
  const host = await platform.run(['nft', '-s', 'list', 'table', 'ip', platform.options.name]);
  return `${inside}${host}`;
}

/** Everything on this host with the platform's name. */
async function tracesOf({ options: { name } }: TestPlatform): Promise<string[]> {
  const outputs = await Promise.all(
    [
      ['ip', 'netns', 'list'],
      ['ip', 'link', 'show'],
      ['ip', 'route', 'show'],
      ['nft', 'list', 'tables'],
      ['ps', '-eo', 'stat,args'],
    ].map((argv) => platform.run(argv)),
  );
  const files = await readdir('/run');
  const lines = [...outputs.flatMap((output) => output.split('\n')), ...files];
  // Guests' namespaces are the test's own.
  const guest = new RegExp(`^${name}-\\w{6}( |$)`);
  return lines.filter((line) => line.includes(name) && !guest.test(line) && !line.startsWith('Z'));
}

describe('the network', () => {
  test('is the same after it was opened, plugged and given its policy again', async () => {
    const guest = await platform.guest(platform.nic(10));
    const policy = policyOf([[guest, [sshIn, allOut]]]);
    await platform.network.applyPolicy(policy);
    const before = await rulesets();
    const pid = await readFile(join(vpcOf().runtimeDirectory, 'dnsmasq.pid'), 'utf8');
    await platform.network.open();
    await platform.network.plug(guest.nic);
    await platform.network.applyPolicy(policy);
    expect(sortedLines(await rulesets())).toEqual(sortedLines(before));
    expect(await readFile(join(vpcOf().runtimeDirectory, 'dnsmasq.pid'), 'utf8')).toBe(pid);
    expect(await platform.network.list()).toEqual([guest.nic.nicId]);
  });

  test('is changed in steps to what it would be if made at once', async () => {
    const guests = [];
    for (const index of [10, 11, 12]) guests.push(await platform.guest(platform.nic(index)));
    const [first, second, third] = guests;
    if (!first || !second || !third) throw new Error('three guests');
    await platform.network.applyPolicy(policyOf([[first, [sshIn]]]));
    await platform.network.unplug(second.nic.nicId);
    const group = { kind: 'group', groupId: 'sg-00000000000000000' } as const;
    await platform.network.applyPolicy(
      policyOf([
        [first, [sshIn, allOut]],
        [third, [{ ...sshIn, peer: group }]],
      ]),
    );
    const moved = policyNic({ ...third.nic, publicIp: platform.nic(99).publicIp ?? '' });
    await platform.network.changePolicy({
      nics: new Map([[third.nic.nicId, { ...moved, groupIds: [groupId(1)] }]]),
      groups: new Map(),
      vpcs: new Map(),
    });
    const inSteps = await rulesets();
    expect(await platform.network.repair()).toEqual([]);
    expect(platform.logged).toEqual([]);
    await platform.reopened().open();
    expect(sortedLines(await rulesets())).toEqual(sortedLines(inSteps));
  });

  test('continues under a second object: connections, filters and NICs stay', async () => {
    const guest = await platform.guest(platform.nic(10));
    await serveSsh(guest);
    await platform.network.applyPolicy(policyOf([[guest, [sshIn]]]));
    const client = connect({
      enter: [],
      protocol: 'tcp',
      address: guest.nic.publicIp ?? '',
      port: 22,
    });
    expect(await client.next()).toBe('connected');
    const second = platform.reopened();
    expect(await second.list()).toEqual([guest.nic.nicId]);
    await second.open();
    client.say('still there');
    expect(await client.next()).toMatch(/still there$/);
    expect(await ssh(guest)).toMatch(/^heard/);
    await second.applyPolicy({ nics: [], groups: [], vpcs: [] });
    expect(await ssh(guest)).toMatch(/^failed/);
  });

  test('makes what was lost again when it is opened: ports, tables, dnsmasq, the link', async () => {
    const guest = await platform.guest(platform.nic(10));
    await serveSsh(guest);
    await platform.network.applyPolicy(policyOf([[guest, [sshIn]]]));
    await platform.run(['nft', 'delete', 'table', 'ip', platform.options.name]);
    await platform.run([...platform.enterVpc(guest.nic), 'nft', 'flush', 'ruleset']);
    await platform.run(['ip', 'link', 'delete', names().hostLink]);
    const pid = await readFile(join(vpcOf().runtimeDirectory, 'dnsmasq.pid'), 'utf8');
    process.kill(Number(pid), 'SIGKILL');
    const second = platform.reopened();
    await second.open();
    expect(await ssh(guest)).toMatch(/^heard/);
    expect(await readFile(join(vpcOf().runtimeDirectory, 'dnsmasq.pid'), 'utf8')).not.toBe(pid);
  });

  test('restarts dnsmasq, and says so', async () => {
    await platform.bareGuest(platform.nic(10));
    const file = join(vpcOf().runtimeDirectory, 'dnsmasq.pid');
    const pid = Number(await readFile(file, 'utf8'));
    expect(await platform.network.repair()).toEqual([]);
    expect(Number(await readFile(file, 'utf8'))).toBe(pid);
    process.kill(pid, 'SIGKILL');
    const repair = {
      part: 'dhcp-and-dns',
      name: `dnsmasq of ${vpcOf().namespace}`,
      how: 'restarted',
    };
    expect(await platform.network.repair()).toEqual([repair]);
    const next = Number(await readFile(file, 'utf8'));
    expect(next).not.toBe(pid);
    expect(await readFile(`/proc/${next}/cmdline`, 'utf8')).toContain('dnsmasq');
    expect(platform.logged).toEqual([repair]);
  });

  const flushes: readonly [string, string, (name: string) => readonly string[]][] = [
    ["the host's table", 'filters', (name) => ['nft', 'delete', 'table', 'ip', name]],
    [
      "a chain of the host's table",
      'filters',
      (name) => ['nft', 'flush', 'chain', 'ip', name, 'input'],
    ],
    ['a set of addresses', 'filters', (name) => ['nft', 'flush', 'map', 'ip', name, 'public']],
    ['the route to the namespace', 'link', (name) => ['ip', 'route', 'flush', 'dev', `${name}-up`]],
    ['the link', 'link', (name) => ['ip', 'link', 'delete', `${name}-up`]],
    [
      "the router's table",
      'link',
      (name) => ['nsenter', `--net=/run/netns/${name}`, 'nft', 'flush', 'ruleset'],
    ],
    ['a route to the VPC', 'link', (name) => ['ip', '-n', name, 'route', 'flush', 'dev', 'vpc1']],
    [
      "a stranger's route",
      'link',
      (name) => ['ip', '-n', name, 'route', 'add', '169.254.99.99', 'dev', 'vpc1'],
    ],
    [
      "the router's own addresses",
      'link',
      (name) => ['ip', '-n', name, 'address', 'flush', 'dev', 'lo'],
    ],
    [
      "the router's way to the host",
      'link',
      (name) => ['ip', '-n', name, 'route', 'delete', 'default'],
    ],
    ['the link of the VPC', 'link', (name) => ['ip', '-n', name, 'link', 'delete', 'vpc1']],
    [
      "the VPC's tables",
      'filters',
      () => ['nsenter', `--net=${vpcOf().namespaceFile}`, 'nft', 'flush', 'ruleset'],
    ],
    [
      "the VPC's routes",
      'vpc',
      () => ['ip', '-n', vpcOf().namespace, 'route', 'flush', 'table', 'all', 'proto', 'boot'],
    ],
    ["the VPC's rules", 'vpc', () => ['ip', '-n', vpcOf().namespace, 'rule', 'del', 'pref', '100']],
    ["the VPC's name", 'vpc', () => ['ip', 'netns', 'delete', vpcOf().namespace]],
  ];
  test.each(flushes)('repairs %s after somebody else changed it', async (_, part, flush) => {
    const guest = await platform.guest(platform.nic(10));
    await serveSsh(guest);
    const port = await freeHostPort();
    await serve({ enter: [], protocol: 'tcp', address: '0.0.0.0', port });
    await platform.network.applyPolicy(policyOf([[guest, [sshIn, allOut]]]));
    const before = await rulesets();
    await platform.run([...flush(platform.options.name)]);
    expect(await platform.network.repair()).toMatchObject([{ part }]);
    expect(sortedLines(await rulesets())).toEqual(sortedLines(before));
    expect(await ssh(guest)).toMatch(/^heard/);
    const link = await platform.run(['ip', 'addr', 'show', names().hostLink]);
    const hostAddress = /inet ([\d.]+)\/30/.exec(link)?.[1] ?? '';
    const reach = { enter: guest.enter, protocol: 'tcp', port } as const;
    expect(await hello({ ...reach, address: hostAddress })).toMatch(/^failed/);
    expect(platform.logged).toMatchObject([{ part }]);
    expect(await platform.network.repair()).toEqual([]);
    expect(platform.logged).toHaveLength(1);
  });

  test('is destroyed while its resolvers are still being asked', async () => {
    const asking = await testPlatform({
      outbound: true,
      uplinks: [],
      resolvers: ['203.0.113.99'],
    });
    await asking.network.open();
    await asking.dispose();
    expect(await tracesOf(asking)).toEqual([]);
  });

  test('replaces tables that somebody else flushed when it next changes them', async () => {
    const guest = await platform.guest(platform.nic(10));
    await serveSsh(guest);
    await platform.run(['nft', 'delete', 'table', 'ip', platform.options.name]);
    await platform.run([...platform.enterVpc(guest.nic), 'nft', 'flush', 'ruleset']);
    await platform.network.applyPolicy(policyOf([[guest, [sshIn]]]));
    await platform.bareGuest(platform.nic(11));
    expect(await ssh(guest)).toMatch(/^heard/);
  });

  test('takes many plugs and unplugs at once', async () => {
    const nics = Array.from({ length: 12 }, (_, index) => platform.nic(100 + index));
    for (const nic of nics) await platform.bareGuest(nic);
    await Promise.all(nics.map((nic) => platform.network.plug(nic)));
    await Promise.all(nics.slice(2).map((nic) => platform.network.unplug(nic.nicId)));
    expect(await platform.network.list()).toEqual(nics.slice(0, 2).map((nic) => nic.nicId));
    expect(await ownLeftovers(platform.network)).toEqual([]);
  });

  test('moves a public address from one NIC to another', async () => {
    const first = await platform.guest(platform.nic(10));
    const second = await platform.guest(platform.nic(11));
    await serveSsh(first);
    await serveSsh(second);
    await platform.network.applyPolicy(
      policyOf([
        [first, [sshIn]],
        [second, [sshIn]],
      ]),
    );
    expect(await ssh(first)).toMatch(/^heard/);
    const open = connect({
      enter: [],
      protocol: 'tcp',
      address: first.nic.publicIp ?? '',
      port: 22,
    });
    expect(await open.next()).toBe('connected');
    const { publicIp = '' } = first.nic;
    const [one, two] = [policyNic(first.nic), policyNic(second.nic)];
    const nics = [
      { ...one, groupIds: [groupId(0)], addresses: [{ privateIp: first.nic.privateIp }] },
      {
        ...two,
        groupIds: [groupId(1)],
        addresses: [{ privateIp: second.nic.privateIp, publicIp }],
      },
    ];
    const change = { groups: new Map(), vpcs: new Map() };
    await platform.network.changePolicy({ ...change, nics: new Map([[one.nicId, nics[0]]]) });
    expect(await ssh(first)).toContain('No route to host');
    await platform.network.changePolicy({ ...change, nics: new Map([[two.nicId, nics[1]]]) });
    expect(await ssh(first)).toMatch(/^heard/);
    open.say('to the first');
    expect(await open.next()).toMatch(/^failed/);
  });

  test('refuses a NIC that uses the address of another, and keeps the other', async () => {
    const nic = platform.nic(10);
    await platform.bareGuest(nic);
    const twin = { ...platform.nic(11), privateIp: nic.privateIp };
    await expect(platform.network.plug(twin)).rejects.toThrow(`${nic.nicId} is plugged`);
    expect(await platform.network.list()).toEqual([nic.nicId]);
  });

  test('refuses a malformed policy and keeps the one before', async () => {
    const guest = await platform.guest(platform.nic(10));
    await serveSsh(guest);
    await platform.network.applyPolicy(policyOf([[guest, [sshIn]]]));
    const bad = { ...sshIn, peer: { kind: 'cidr', cidr: '10.0.0.0/8 accept; #' } } as const;
    await expect(platform.network.applyPolicy(policyOf([[guest, [bad]]]))).rejects.toThrow('range');
    expect(await ssh(guest)).toMatch(/^heard/);
  });

  test('refuses the public range of another platform', async () => {
    const { publicCidr } = platform.options;
    const other = await testPlatform({ publicCidr });
    onTestFinished(() => other.dispose());
    await expect(other.network.open()).rejects.toThrow(
      `public range ${publicCidr} belongs to another`,
    );
    expect(await tracesOf(other)).toEqual([]);
  });

  test('leaves nothing when it is destroyed, and destroying twice is harmless', async () => {
    await platform.bareGuest(platform.nic(10));
    expect(await tracesOf(platform)).not.toEqual([]);
    await platform.network.destroy();
    await platform.network.destroy();
    expect(await tracesOf(platform)).toEqual([]);
    expect(await readdir(platform.directory)).toEqual([]);
  });

  test('leaves no dnsmasq of a VPC that another control plane has made', async () => {
    const later = platform.reopened();
    await later.open();
    await platform.guestOf(platform.nic(10), later);
    const config = join(vpcOf().runtimeDirectory, 'dnsmasq.conf');
    const serving = () => spawnSync('pgrep', ['-f', config], { encoding: 'utf8' }).stdout;
    expect(serving()).not.toBe('');
    await platform.network.destroy();
    expect(serving()).toBe('');
  });

  test('replaces the bare file that a crash or a reboot leaves of a namespace', async () => {
    await platform.network.destroy();
    await mkdir('/run/netns', { recursive: true });
    await writeFile(names().namespaceFile, '');
    await platform.network.open();
    expect(await platform.network.list()).toEqual([]);
  });

  test('makes a real tap that QEMU can use, and keeps it', async () => {
    const real = await testPlatform();
    onTestFinished(() => real.dispose());
    const network = new LinuxNetwork(real.options);
    await network.open();
    const [namespace = '', name = ''] = (await network.plug(real.nic(10))).split('/');
    await network.plug(real.nic(10));
    const tap = await real.run(['ip', '-n', namespace, '-d', 'link', 'show', name]);
    expect(tap).toMatch(/tun type tap .*vnet_hdr on persist on/);
  });
});

test('without the rights it refuses, with the way out', () => {
  const program = `
    import { createLinuxNetwork } from './packages/network/src/index.ts';
    import { silentLogger, systemClock } from './packages/base/src/index.ts';
    const network = createLinuxNetwork({ name: 'bht-none', directory: '/tmp', publicCidr: '127.9.0.0/16',
      outbound: false, logger: silentLogger, clock: systemClock });
    await network.open().catch((error) => console.log(error.name + ': ' + error.message));
  `;
  const argv = ['--bounding-set=-all', '--inh-caps=-all', process.execPath];
  const result = spawnSync('setpriv', [...argv, '--input-type=module-typescript', '-e', program], {
    encoding: 'utf8',
    cwd: new URL('../../..', import.meta.url).pathname,
  });
  expect(result.stdout).toMatch(/^NetworkPrivilegeError: .*root \(sudo\)/);
});

function sortedLines(rules: string): string[] {
  const words = rules.split('\n').map((line) => line.trim().split(/,? +/).sort().join(' '));
  return words.sort();
}
