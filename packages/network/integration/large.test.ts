import type { NetworkPolicy, PacketRule, SecurityGroupId } from '@bakehouse/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandShells } from '../src/command-shells.ts';
import { LinuxNetwork } from '../src/linux-network.ts';
import { networkNames } from '../src/network-names.ts';
import { networkRecords } from '../src/network-records.ts';
import { endConversations } from './talk.ts';
import {
  allOut,
  type Guest,
  openVpc,
  policyNic,
  serveSsh,
  ssh,
  sshIn,
  type TestNic,
  type TestPlatform,
  testPlatform,
} from './test-platform.ts';

const counts = { nics: 1_000, groups: 100, rulesOfGroup: 20 };
const rounds = 9;

let platform: TestPlatform;
let network: LinuxNetwork;
let guest: Guest;
/** What was given to nft and ip. */
let given: string[] = [];
const shells = new CommandShells();

const groupOf = (index: number): SecurityGroupId =>
  `sg-000000000000001${String(index % counts.groups).padStart(2, '0')}`;

/** Ports without guests, in 172.31.16.0/20 of the guest's VPC. */
function portOf(index: number): TestNic {
  const hex = index.toString(16).padStart(4, '0');
  const privateIp = `172.31.${16 + Math.floor(index / 200)}.${(index % 200) + 10}`;
  return {
    ...platform.nic(11),
    nicId: `eni-0000000001111${hex}`,
    subnetId: 'subnet-0123456789abcdef1',
    subnetCidr: '172.31.16.0/20',
    macAddress: `0e:00:00:01:${hex.slice(0, 2)}:${hex.slice(2)}`,
    privateIp,
    publicIp:
      platform.nic(11).publicIp?.replace(/0\.11$/, privateIp.split('.').slice(2).join('.')) ?? '',
  };
}

const rulesOf = (group: number): PacketRule[] =>
  Array.from({ length: counts.rulesOfGroup }, (_, index) => ({
    ...sshIn,
    fromPort: 1_000 + index,
    toPort: 1_000 + index,
    peer: { kind: 'cidr', cidr: `10.${group}.${index}.0/24` },
  }));

beforeAll(async () => {
  platform = await testPlatform();
  const ports = Array.from({ length: counts.nics - 1 }, (_, index) => portOf(index));
  const own = platform.nic(10);
  const records = networkRecords(networkNames(platform.options.name, platform.directory));
  await records.prepare();
  for (const [index, port] of ports.entries())
    await records.saveNic({ ...port, guestNumber: index + 1 });
  const { device } = platform;
  network = new LinuxNetwork(platform.options, {
    run: (argv, input = '') => {
      given.push(input);
      return shells.run(argv, input);
    },
    device: (name, nic) =>
      nic.nicId === own.nicId ? device(name, nic) : `tuntap add dev ${name} mode tap`,
  });
  await network.open();
  guest = await platform.guestOf(own, network);
  await serveSsh(guest);
  const policy: NetworkPolicy = {
    nics: [
      policyNic(own, { groupIds: [groupOf(0)] }),
      ...ports.map((port, index) =>
        policyNic(port, { groupIds: [groupOf(index), groupOf(index + 1)] }),
      ),
    ],
    groups: Array.from({ length: counts.groups }, (_, index) => ({
      groupId: groupOf(index),
      rules: [...rulesOf(index), allOut],
    })),
    vpcs: [openVpc([own, portOf(0)])],
  };
  await network.applyPolicy(policy);
});

afterAll(async () => {
  endConversations();
  await platform?.dispose();
  shells.end();
});

/** A change names what it changes, and not the other interfaces. */
const changeCharactersMax = 6_000;

const timed = async (work: () => Promise<unknown>) => {
  const begunAt = performance.now();
  given = [];
  await work();
  expect(given.join('').length).toBeLessThan(changeCharactersMax);
  return performance.now() - begunAt;
};
const median = (values: readonly number[]) =>
  `${Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0)} ms (${values.map(Math.round).join(', ')})`;

test('with 1,000 interfaces and 2,000 rules a change acts when it resolves', async () => {
  const groupId = groupOf(0);
  const set = (rules: readonly PacketRule[]) =>
    network.changePolicy({ nics: new Map(), groups: new Map([[groupId, rules]]), vpcs: new Map() });
  expect(await ssh(guest)).toMatch(/^failed/);
  const rule: number[] = [];
  for (let round = 0; round < rounds; round++) {
    rule.push(await timed(() => set([...rulesOf(0), allOut, sshIn])));
    expect(await ssh(guest)).toMatch(/^heard/);
    rule.push(await timed(() => set([...rulesOf(0), allOut])));
  }
  expect(await ssh(guest)).toMatch(/^failed/);
  const extra = { ...portOf(counts.nics), instanceId: 'i-00000000000000001' } as const;
  const plug: number[] = [];
  const unplug: number[] = [];
  for (let round = 0; round < rounds; round++) {
    plug.push(await timed(() => network.plug(extra)));
    unplug.push(await timed(() => network.unplug(extra.nicId)));
  }
  const repair = await timed(async () => expect(await network.repair()).toEqual([]));
  process.stdout.write(
    `1,000 interfaces, 2,000 rules: a rule ${median(rule)}; plug ${median(plug)}; unplug ${median(unplug)}; repair of what is whole ${Math.round(repair)} ms\n`,
  );
});
