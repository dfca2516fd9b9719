import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  NatGatewayId,
  NetworkInterfaceId,
  NetworkPolicy,
  PolicyNic,
  RouteTarget,
  SecurityGroupId,
  VpcId,
  VpcTopology,
} from '@bakehouse/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LinuxNetwork } from '../src/linux-network.ts';
import { networkNames, vpcNames } from '../src/network-names.ts';
import { kernelState } from './kernel-state.ts';
import {
  allOut,
  openAcl,
  openVpc,
  policyNic,
  sshIn,
  type TestNic,
  type TestPlatform,
  testPlatform,
  toInternet,
} from './test-platform.ts';

const seed = Number(process.env.CHAOS_SEED ?? 20_260_101);
const changes = 1_000;
/** After them, with nobody else at work. */
const calmChanges = 100;
/** Changes that are asked for at once. */
const together = 10;
const counts = { vpcs: 3, nicsOfVpc: 8, groups: 4 };

let platform: TestPlatform;
let network: LinuxNetwork;
beforeEach(async () => {
  platform = await testPlatform();
  network = new LinuxNetwork(platform.options);
  await network.open();
});
afterEach(() => platform.dispose());

/** The same numbers for the same seed (mulberry32). */
function randomFrom(start: number) {
  let state = start;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number) => Math.floor(next() * count);
  return {
    below,
    chance: (share: number) => next() < share,
    of: <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item,
  };
}
/** What is asked for. */
const random = randomFrom(seed);
/** What happens to it. */
const fate = randomFrom(seed + 1);

const vpcIdOf = (vpc: number): VpcId => `vpc-0123456789abcdef${vpc}`;
const groupIdOf = (group: number): SecurityGroupId => `sg-0000000000000000${group}`;

/** All interfaces that there may be. The first two VPCs have the same range. */
function allNics(): TestNic[] {
  return Array.from({ length: counts.vpcs * counts.nicsOfVpc }, (_, index) => {
    const vpc = index % counts.vpcs;
    const range = vpc === 2 ? '10.9' : '172.31';
    return platform.nic(10 + index, {
      vpcId: vpcIdOf(vpc),
      subnetId: `subnet-0123456789abcde${index % 2}${vpc}`,
      subnetCidr: `${range}.${16 * (index % 2)}.0/20`,
      vpcCidr: `${range}.0.0/16`,
      privateIp: `${range}.${16 * (index % 2)}.${10 + Math.floor(index / counts.vpcs)}`,
    });
  });
}

/** What was asked for, by whoever asks. */
interface Model {
  readonly nics: readonly TestNic[];
  readonly plugged: Set<string>;
  readonly policy: Map<NetworkInterfaceId, PolicyNic>;
  readonly groups: Map<SecurityGroupId, NetworkPolicy['groups'][number]['rules']>;
  readonly vpcs: Map<VpcId, VpcTopology>;
}

const natGatewayId: NatGatewayId = 'nat-00000000000000007';

function randomVpc({ nics }: Model, vpc: number): VpcTopology {
  const own = nics.filter(({ vpcId }) => vpcId === vpcIdOf(vpc));
  const whole = openVpc(own, { hasInternetGateway: random.chance(0.8) });
  const targets: readonly RouteTarget[] = [
    { kind: 'internet' },
    { kind: 'blackhole' },
    { kind: 'nat', natGatewayId },
    { kind: 'interface', nicId: random.of(own).nicId },
  ];
  const [first] = whole.subnets;
  const publicIp = platform.nic(200 + vpc).publicIp ?? '';
  const gateway = first && {
    natGatewayId,
    subnetId: first.subnetId,
    privateIp: first.cidr.replace('0/20', '200'),
    publicIp,
  };
  return {
    ...whole,
    natGateways: gateway && random.chance(0.5) ? [gateway] : [],
    subnets: whole.subnets.map((subnet) => ({
      ...subnet,
      routes: [
        ...(random.chance(0.7) ? toInternet : []),
        { destination: `203.0.${random.below(9)}.0/24`, target: random.of(targets) },
      ],
      acl: random.chance(0.7) ? openAcl : [],
    })),
  };
}

/** An address of the pool that no other interface has; sometimes none. */
function randomPublic({ policy }: Model, nicId: NetworkInterfaceId): string | undefined {
  const taken = new Set(
    [...policy.values()]
      .filter((nic) => nic.nicId !== nicId)
      .flatMap(({ addresses }) => addresses.map(({ publicIp }) => publicIp)),
  );
  const address = platform.nic(100 + random.below(30)).publicIp;
  return taken.has(address) ? undefined : address;
}

type Ask = () => Promise<unknown>;
const nothing = { nics: new Map(), groups: new Map(), vpcs: new Map() };

/** Each changes the model and returns the call that asks for the same. */
const asks: readonly ((model: Model) => Ask)[] = [
  (model) => {
    const nic = random.of(model.nics);
    model.plugged.add(nic.nicId);
    return () => network.plug(nic);
  },
  (model) => {
    const { nicId } = random.of(model.nics);
    model.plugged.delete(nicId);
    return () => network.unplug(nicId);
  },
  (model) => {
    const nic = random.of(model.nics);
    const publicIp = randomPublic(model, nic.nicId);
    const secondary = nic.privateIp.replace(/\d+$/, (last) => `${Number(last) + 100}`);
    const { publicIp: _, ...bare } = nic;
    const changed = policyNic(publicIp === undefined ? bare : { ...nic, publicIp }, {
      groupIds: [...model.groups.keys()].filter(() => random.chance(0.4)),
      sourceDestCheck: random.chance(0.7),
    });
    const addresses = [
      ...changed.addresses,
      ...(random.chance(0.3) ? [{ privateIp: secondary }] : []),
    ];
    const named = random.chance(0.9) ? { ...changed, addresses } : undefined;
    if (named) model.policy.set(nic.nicId, named);
    else model.policy.delete(nic.nicId);
    return () => network.changePolicy({ ...nothing, nics: new Map([[nic.nicId, named]]) });
  },
  (model) => {
    const groupId = groupIdOf(random.below(counts.groups));
    const peer = { kind: 'group', groupId: groupIdOf(random.below(counts.groups)) } as const;
    const port = 1_000 + random.below(100);
    const rules = [allOut, sshIn, { ...sshIn, fromPort: port, toPort: port, peer }];
    const chosen = rules.filter(() => random.chance(0.7));
    model.groups.set(groupId, chosen);
    return () => network.changePolicy({ ...nothing, groups: new Map([[groupId, chosen]]) });
  },
  (model) => {
    const vpc = random.below(counts.vpcs);
    const topology = randomVpc(model, vpc);
    model.vpcs.set(topology.vpcId, topology);
    return () => network.changePolicy({ ...nothing, vpcs: new Map([[topology.vpcId, topology]]) });
  },
];

const names = () => networkNames(platform.options.name, platform.directory);
const inside = (namespace: string) => ['nsenter', `--net=/run/netns/${namespace}`, '--'];
const vpcOf = (vpc: number) => vpcNames(names(), vpcIdOf(vpc));

/** What somebody else does to the network, or to one VPC. Much of it fails when the VPC is not here. */
const blows: readonly ((vpc: number) => Promise<unknown>)[] = [
  () => platform.run(['nft', 'delete', 'table', 'ip', platform.options.name]),
  () => platform.run(['nft', 'flush', 'table', 'ip', platform.options.name]),
  () => platform.run([...inside(platform.options.name), 'nft', 'flush', 'ruleset']),
  (vpc) => platform.run([...inside(vpcOf(vpc).namespace), 'nft', 'flush', 'ruleset']),
  () => platform.run(['ip', '-n', platform.options.name, 'route', 'flush', 'proto', 'boot']),
  (vpc) => platform.run(['ip', '-n', vpcOf(vpc).namespace, 'rule', 'del', 'pref', '100']),
  (vpc) => platform.run(['ip', '-n', vpcOf(vpc).namespace, 'link', 'delete', 'group', '169']),
  (vpc) => platform.run(['ip', '-n', platform.options.name, 'link', 'delete', `vpc${1 + vpc}`]),
  ...[1, 2, 3].map(() => async (vpc: number) => {
    const file = join(vpcOf(vpc).runtimeDirectory, 'dnsmasq.pid');
    process.kill(Number(await readFile(file, 'utf8')), 'SIGKILL');
  }),
];

/** The control plane starts again: all that the new one knows is what was recorded. */
async function restart(): Promise<void> {
  network = new LinuxNetwork(platform.options);
  await network.open();
}

/** What the control plane does after a refusal: it asks for everything again. */
async function askAgain(model: Model): Promise<void> {
  await network.repair();
  const [here, gone] = [true, false].map((is) =>
    model.nics.filter(({ nicId }) => model.plugged.has(nicId) === is),
  );
  await Promise.all(gone?.map(({ nicId }) => network.unplug(nicId)) ?? []);
  await Promise.all(here?.map((nic) => network.plug(nic)) ?? []);
  await network.applyPolicy({
    nics: [...model.policy.values()],
    groups: [...model.groups].map(([groupId, rules]) => ({ groupId, rules })),
    vpcs: [...model.vpcs.values()],
  });
}

/**
 * What happens beside and after the changes that are asked for together. Drawn before they are, as how they end depends on
 * the time that they take: a seed is always the same changes and blows.
 */
function drawFate(blowShare: number) {
  const [blow, vpc] = [fate.of(blows), fate.below(counts.vpcs)];
  const [isBlown, isRepaired] = [fate.chance(blowShare), fate.chance(blowShare)];
  return {
    blow: isBlown ? () => blow(vpc) : async () => {},
    isRepaired,
    isRestarted: fate.chance(blowShare / 4),
  };
}

/** Changes with and without blows. Returns how often something was refused. */
async function ask(
  model: Model,
  { changes, blowShare }: { readonly changes: number; readonly blowShare: number },
): Promise<number> {
  let refused = 0;
  for (let done = 0; done < changes; done += together) {
    const calls = Array.from({ length: together }, () => random.of(asks)(model));
    const { blow, isRepaired, isRestarted } = drawFate(blowShare);
    const blown = blow().catch(() => {});
    const results = await Promise.allSettled(calls.map((call) => call()));
    await blown;
    if (isRestarted) await restart();
    if (results.some(({ status }) => status === 'rejected')) {
      refused += 1;
      await askAgain(model);
    } else if (isRepaired) await network.repair();
  }
  return refused;
}

test(`after ${changes} changes and what others destroyed, the kernel has what the records say (seed ${seed})`, async () => {
  const model: Model = {
    nics: allNics(),
    plugged: new Set(),
    policy: new Map(),
    groups: new Map(),
    vpcs: new Map(),
  };
  let refused = await ask(model, { changes, blowShare: 0.3 });
  await network.repair();
  expect(await network.repair()).toEqual([]);
  // In calm nothing may be left for a repair.
  refused += await ask(model, { changes: calmChanges, blowShare: 0 });
  expect(await network.repair()).toEqual([]);
  expect([...(await network.list())].sort()).toEqual([...model.plugged].sort());
  const after = await kernelState(platform);
  const vpcs = new Set(
    model.nics.filter(({ nicId }) => model.plugged.has(nicId)).map(({ vpcId }) => vpcId),
  );
  expect([...after.keys()].sort()).toEqual(
    [
      'host',
      platform.options.name,
      ...[...vpcs].map((id) => vpcNames(names(), id).namespace),
    ].sort(),
  );

  // What another process makes of the records, and what a new platform makes of the wishes.
  await platform.reopened().open();
  expect(await kernelState(platform)).toEqual(after);
  await askAgain(model);
  expect(await kernelState(platform)).toEqual(after);
  process.stdout.write(`${changes} changes; asked again after ${refused} refusals\n`);
}, 180_000);
