import type { Nic } from '@bakehouse/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LinuxNetwork } from '../src/linux-network.ts';
import { insideLinks } from '../src/namespace.ts';
import { networkNames, tapName, vpcNames } from '../src/network-names.ts';
import { type TestPlatform, testPlatform } from './test-platform.ts';

let platform: TestPlatform;
let network: LinuxNetwork;
let commands: string[];
/** Looks at tables wait for it. */
let looks: Promise<void>;
/** What looks at the links of the first VPC have found waits for it. */
let found: Promise<void>;

beforeEach(async () => {
  platform = await testPlatform();
  network = new LinuxNetwork(platform.options, {
    run: async (argv, input) => {
      commands.push(argv.join(' '));
      if (argv.includes('list')) await looks;
      const printed = await platform.run(argv, input);
      if (argv.includes('-j') && argv.includes(namespaceOf(platform.nic(10)))) await found;
      return printed;
    },
  });
  commands = [];
  looks = Promise.resolve();
  found = Promise.resolve();
  await network.open();
  await network.plug(platform.nic(10));
  commands = [];
});
afterEach(() => platform.dispose());

const others = (count: number) =>
  Array.from({ length: count }, (_, index) => platform.nic(20 + index));

function namespaceOf({ vpcId }: Nic): string {
  return vpcNames(networkNames(platform.options.name, platform.directory), vpcId).namespace;
}

async function ports() {
  const links = await insideLinks(platform.run, namespaceOf(platform.nic(10)));
  return [...links].filter((link) => link.startsWith('tap')).sort();
}

test('what waits together costs as much as one', async () => {
  const [one = platform.nic(99), ...ten] = others(11);
  await network.plug(one);
  const ofOne = commands.length;
  commands = [];
  await Promise.all(ten.map((nic) => network.plug(nic)));
  expect(commands).toHaveLength(ofOne);
  expect(await ports()).toEqual(
    [platform.nic(10), one, ...ten].map((nic) => tapName(nic.nicId)).sort(),
  );
  commands = [];
  await network.unplug(one.nicId);
  const withoutOne = commands.length;
  commands = [];
  await Promise.all(ten.map(({ nicId }) => network.unplug(nicId)));
  expect(commands).toHaveLength(withoutOne);
  expect(await ports()).toEqual([tapName(platform.nic(10).nicId)]);
  expect(await network.repair()).toEqual([]);
});

test('one that is refused keeps no other from its port', async () => {
  const nics = others(3);
  const twin = { ...platform.nic(30), privateIp: platform.nic(10).privateIp };
  const results = await Promise.allSettled([...nics, twin].map((nic) => network.plug(nic)));
  expect(results.map(({ status }) => status)).toEqual([...nics.map(() => 'fulfilled'), 'rejected']);
  expect(await network.list()).toHaveLength(4);
  expect(await ports()).toHaveLength(4);
  expect(await network.repair()).toEqual([]);
});

test('a NIC that is plugged, moved and unplugged at once ends as the last call says', async () => {
  const nic = platform.nic(20);
  const moved = { ...nic, privateIp: '172.31.0.77' };
  const calls = [
    network.plug(nic),
    network.plug(moved),
    network.unplug(nic.nicId),
    network.plug(moved),
    network.plug(nic),
  ];
  await Promise.all(calls);
  const rules = await platform.run([...platform.enterVpc(nic), 'nft', 'list', 'ruleset']);
  expect(rules).toContain(nic.privateIp);
  expect(rules).not.toContain(moved.privateIp);
  expect(await network.repair()).toEqual([]);
});

test('a repair that looks keeps no plug waiting, and does not take the new port for a loss', async () => {
  const gate = Promise.withResolvers<void>();
  looks = gate.promise;
  const repair = network.repair();
  await expect.poll(() => commands.some((command) => command.includes('list'))).toBe(true);
  await network.plug(platform.nic(20));
  gate.resolve();
  expect(await repair).toEqual([]);
  expect(await ports()).toHaveLength(2);
});

test('a VPC that changes while a repair looks at it is looked at again, and no other VPC', async () => {
  const [here, there] = [platform.nic(10), platform.nic(30, { vpcId: 'vpc-0123456789abcdef9' })];
  await network.plug(there);
  const looksAt = (nic: Nic) =>
    commands.filter((line) => line.includes(namespaceOf(nic)) && /-j|list/.test(line)).length;
  commands = [];
  expect(await network.repair()).toEqual([]);
  const ofOne = looksAt(here);
  expect(looksAt(there)).toBe(ofOne);

  commands = [];
  const gate = Promise.withResolvers<void>();
  found = gate.promise;
  const repair = network.repair();
  await expect.poll(() => looksAt(here)).toBe(1);
  await network.plug(platform.nic(20));
  const begun = looksAt(here);
  gate.resolve();
  expect(await repair).toEqual([]);
  // The first look ends when it misses the port.
  expect(looksAt(here)).toBe(begun + ofOne);
  expect(looksAt(there)).toBe(ofOne);
});

test('a VPC that ends while a repair looks at it is not made again', async () => {
  const there = platform.nic(30, { vpcId: 'vpc-0123456789abcdef9' });
  await network.plug(there);
  const gate = Promise.withResolvers<void>();
  looks = gate.promise;
  commands = [];
  const repair = network.repair();
  await expect.poll(() => commands.some((command) => command.includes('list'))).toBe(true);
  await network.unplug(there.nicId);
  gate.resolve();
  expect(await repair).toEqual([]);
  const namespaces = await platform.run(['ip', 'netns', 'list']);
  expect(namespaces).not.toContain(namespaceOf(there));
});
