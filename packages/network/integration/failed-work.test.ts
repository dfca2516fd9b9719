import { cp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LinuxNetwork } from '../src/linux-network.ts';
import { insideLinks } from '../src/namespace.ts';
import { networkNames, tapName, vpcNames } from '../src/network-names.ts';
import { openVpc, type TestPlatform, testPlatform } from './test-platform.ts';

let platform: TestPlatform;
let network: LinuxNetwork;
/** Whether a command fails instead. */
let fails: (command: string) => boolean;

beforeEach(async () => {
  fails = () => false;
  platform = await testPlatform();
  network = new LinuxNetwork(platform.options, {
    run: async (argv, input) => {
      if (fails(argv.join(' '))) throw new Error('this command fails');
      return platform.run(argv, input);
    },
  });
  await network.open();
});
afterEach(() => platform.dispose());

const names = () => networkNames(platform.options.name, platform.directory);
const vpcOf = () => vpcNames(names(), platform.nic(10).vpcId).namespace;

/** What this host has of VPCs. */
async function vpcTraces() {
  const namespaces = (await platform.run(['ip', 'netns', 'list'])).split('\n');
  const links = await insideLinks(platform.run, names().namespace);
  return {
    namespaces: namespaces.filter((line) => line.startsWith(vpcOf())),
    links: [...links].filter((link) => link.startsWith('vpc')),
    numbers: await readdir(names().vpcDirectory),
  };
}
const nothing = { namespaces: [], links: [], numbers: [] };

test('a first plug that fails leaves nothing of its VPC when it is undone', async () => {
  const nic = platform.nic(10);
  fails = (command) => command.includes('dnsmasq');
  await expect(network.plug(nic)).rejects.toThrow('this command fails');
  expect(await vpcTraces()).toMatchObject({ links: ['vpc1'] });
  await network.unplug(nic.nicId);
  expect(await vpcTraces()).toEqual(nothing);
  fails = () => false;
  await network.plug(nic);
  expect(await network.repair()).toEqual([]);
});

test.each(['netns pids', '-j link show'])(
  'a last unplug whose “%s” fails leaves nothing when it is tried again',
  async (failing) => {
    const nic = platform.nic(10);
    await network.plug(nic);
    fails = (command) => command.includes(failing);
    await expect(network.unplug(nic.nicId)).rejects.toThrow('this command fails');
    expect(await network.list()).toEqual([nic.nicId]);
    fails = () => false;
    await network.unplug(nic.nicId);
    expect(await network.list()).toEqual([]);
    expect(await vpcTraces()).toEqual(nothing);
  },
);

test('what is left of a last unplug that failed is whole again after a repair, and can be unplugged', async () => {
  const nic = platform.nic(10);
  await network.plug(nic);
  fails = (command) => command.includes('netns pids');
  await expect(network.unplug(nic.nicId)).rejects.toThrow('this command fails');
  fails = () => false;
  await network.repair();
  expect(await network.repair()).toEqual([]);
  await network.unplug(nic.nicId);
  expect(await vpcTraces()).toEqual(nothing);
});

test('an unplug that fails while its VPC has others is done when it is tried again', async () => {
  const [nic, other] = [platform.nic(10), platform.nic(11)];
  await network.plug(nic);
  await network.plug(other);
  fails = (command) => command.includes(vpcOf()) && command.includes('nft -f');
  await expect(network.unplug(nic.nicId)).rejects.toThrow('this command fails');
  expect(await network.list()).toContain(nic.nicId);
  const heir = { ...platform.nic(12), privateIp: nic.privateIp };
  await expect(network.plug(heir)).rejects.toThrow(`${nic.nicId} is plugged`);
  fails = () => false;
  await network.unplug(nic.nicId);
  expect(await network.list()).toEqual([other.nicId]);
  expect(await network.repair()).toEqual([]);
  await network.plug(heir);
  const rules = await platform.run([...platform.enterVpc(nic), 'nft', 'list', 'ruleset']);
  expect(rules).not.toContain(tapName(nic.nicId));
  expect(rules).toContain(tapName(heir.nicId));
});

test('a lost route is missed until it is there, also when the repair after its loss fails', async () => {
  await network.plug(platform.nic(10));
  await platform.run(['ip', '-n', names().namespace, 'route', 'flush', 'dev', 'vpc1']);
  fails = (command) => command === 'nft -f -' || command.includes('link delete');
  await expect(network.repair()).rejects.toThrow('this command fails');
  fails = () => false;
  expect(await network.repair()).toMatchObject([{ part: 'link' }]);
  expect(await network.repair()).toEqual([]);
});

test('a guest whose tables were written before a kill has its name and address after the next open', async () => {
  const tablesOf = vpcNames(names(), platform.nic(10).vpcId).runtimeDirectory;
  const kept = join(platform.directory, 'kept');
  await platform.network.open();
  const guest = await platform.guest(platform.nic(10));
  const late = await platform.bareGuest(platform.nic(11));
  const vpcs = [openVpc([guest.nic])];
  await platform.network.applyPolicy({ nics: [], groups: [], vpcs });
  const folders = [
    [tablesOf, join(kept, 'tables')],
    [names().nicDirectory, join(kept, 'nics')],
  ] as const;
  const tables = (path: string) => !/\.(conf|pid)$|leases$/.test(path);
  for (const [from, to] of folders) await cp(from, to, { recursive: true, filter: tables });
  await platform.network.unplug(late.nic.nicId);
  // As one leaves them that is killed before it sends the signal.
  for (const [to, from] of folders) await cp(from, to, { recursive: true });
  await platform.reopened().open();
  const lookUp = ['busybox', 'nslookup', '-type=a', `${late.nic.hostName}.ec2.internal`];
  const found = await platform.run([...guest.enter, ...lookUp, '169.254.169.253']);
  expect(found).toContain(late.nic.privateIp);
  await platform.run(['ip', '-n', late.namespace, 'link', 'set', 'eth0', 'up']);
  const script = join(platform.directory, 'print-lease');
  await writeFile(script, '#!/bin/sh\necho "$1 $ip"\n', { mode: 0o755 });
  const client = ['busybox', 'udhcpc', '-i', 'eth0', '-f', '-q', '-n', '-t', '4', '-T', '1'];
  const lease = await platform.run([...late.enter, ...client, '-s', script]);
  expect(lease).toContain(`bound ${late.nic.privateIp}`);
});
