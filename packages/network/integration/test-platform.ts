import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LogFields, type Logger, silentLogger, systemClock } from '@bakehouse/base';
import type { NetworkPolicy, Nic, PacketRule, PolicyNic, VpcTopology } from '@bakehouse/domain';
import { takePublicRange } from '@bakehouse/testkit';
import { runInEdge } from '../src/edge/edge.ts';
import type { NetworkLeftover } from '../src/leftovers.ts';
import { LinuxNetwork, type LinuxNetworkOptions } from '../src/linux-network.ts';
import { networkNames, vpcNames } from '../src/network-names.ts';
import type { DeviceCommand } from '../src/plan-vpc-links.ts';
import { type RunNetworkCommand, runNetworkCommand } from '../src/run-network-command.ts';
import { hello, serve } from './talk.ts';

/** A NIC with what its VPC and its policy say of it, unless a test says otherwise. */
export interface TestNic extends Nic {
  readonly vpcCidr: string;
  readonly publicIp?: string;
}

/** A namespace in the place of a machine, behind a veth pair instead of QEMU's tap. */
export interface Guest {
  readonly nic: TestNic;
  readonly namespace: string;
  readonly enter: readonly string[];
}

export interface TestPlatform {
  readonly network: LinuxNetwork;
  readonly options: LinuxNetworkOptions;
  readonly directory: string;
  readonly run: RunNetworkCommand;
  readonly device: DeviceCommand;
  /** The fields of every warning and error in the log. */
  readonly logged: readonly LogFields[];
  /** A second object over the same platform, as after a restart of the control plane. */
  reopened(): LinuxNetwork;
  nic(index: number, overrides?: Partial<TestNic>): TestNic;
  /** The argv prefix that runs a program in the namespace of the NIC's VPC. */
  enterVpc(nic: Nic): readonly string[];
  /** A guest that has configured itself by hand. */
  guest(nic: TestNic): Promise<Guest>;
  /** The same of another object over the platform. */
  guestOf(nic: TestNic, network: LinuxNetwork): Promise<Guest>;
  /** A guest whose interface is up and has no address. */
  bareGuest(nic: TestNic): Promise<Guest>;
  dispose(): Promise<void>;
}

/** The nth interface of a platform, whose public addresses are `127.SECOND.0.0/16`. */
function nicOf(tag: string, second: number, index: number): TestNic {
  const hex = index.toString(16).padStart(2, '0');
  return {
    nicId: `eni-0${tag}0000000000${hex}`,
    vpcId: 'vpc-0123456789abcdef0',
    subnetId: 'subnet-0123456789abcdef0',
    subnetCidr: '172.31.0.0/20',
    vpcCidr: '172.31.0.0/16',
    macAddress: `0e:00:00:00:00:${hex}`,
    privateIp: `172.31.0.${index}`,
    publicIp: `127.${second}.0.${index}`,
    hostName: `ip-172-31-0-${index}`,
    domainName: 'ec2.internal',
  };
}

export async function testPlatform(
  overrides: Partial<LinuxNetworkOptions> = {},
): Promise<TestPlatform> {
  const tag = randomBytes(2).toString('hex');
  const directory = await mkdtemp(join(tmpdir(), 'bakehouse-network-'));
  const range = await takePublicRange();
  const logged: LogFields[] = [];
  const logger: Logger = {
    ...silentLogger,
    log: (level, _, fields = {}) => {
      if (level === 'warn' || level === 'error') logged.push(fields);
    },
  };
  const options: LinuxNetworkOptions = {
    name: `bht-${tag}`,
    directory,
    publicCidr: range.cidr,
    outbound: false,
    logger,
    clock: systemClock,
    ...overrides,
  };
  const namespaceOf = (nic: Nic) => `bht-${tag}-${nic.nicId.slice(-6)}`;
  const namespaces = new Set<string>();
  const device: DeviceCommand = (name, nic) =>
    `link add ${name} type veth peer name eth0 netns ${namespaceOf(nic)} address ${nic.macAddress}`;
  const make = () => new LinuxNetwork(options, { device });
  const network = make();

  async function bareGuest(nic: TestNic, of = network): Promise<Guest> {
    const namespace = namespaceOf(nic);
    namespaces.add(namespace);
    await runBeside(options)(['ip', 'netns', 'add', namespace]);
    await of.plug(nic);
    await ip(namespace, ['link set lo up', 'link set eth0 up']);
    return { nic, namespace, enter: enter(namespace) };
  }

  async function guestOf(nic: TestNic, of: LinuxNetwork): Promise<Guest> {
    const guest = await bareGuest(nic, of);
    await configure(guest);
    return guest;
  }

  return {
    network,
    options,
    directory,
    run: runNetworkCommand,
    device,
    logged,
    reopened: make,
    bareGuest: (nic) => bareGuest(nic),
    enterVpc: ({ vpcId }) =>
      enter(vpcNames(networkNames(options.name, directory), vpcId).namespace),
    nic: (index, nicOverrides = {}) => ({ ...nicOf(tag, range.second, index), ...nicOverrides }),
    guest: (nic) => guestOf(nic, network),
    guestOf,
    async dispose() {
      await network.destroy();
      for (const namespace of namespaces) {
        const pids = await runNetworkCommand(['ip', 'netns', 'pids', namespace]);
        for (const pid of pids.split('\n').filter(Boolean)) endProcess(Number(pid));
        await runNetworkCommand(['ip', 'netns', 'delete', namespace]);
      }
      await rm(directory, { recursive: true, force: true });
      await range.release();
    },
  };
}

/** Guests are made beside the VPCs: in the place of the host where there is one. */
const runBeside = ({ edge, name }: LinuxNetworkOptions): RunNetworkCommand =>
  edge ? runInEdge(name, runNetworkCommand) : runNetworkCommand;

/** What DHCP would do. */
async function configure({ nic, namespace }: Guest): Promise<void> {
  const [address = '', prefix = ''] = nic.subnetCidr.split('/');
  const router = address.replace(/\.0$/, '.1');
  await ip(namespace, [
    `address add ${nic.privateIp}/${prefix} dev eth0`,
    `route add default via ${router}`,
  ]);
}

export async function ip(namespace: string, lines: readonly string[]): Promise<void> {
  await runNetworkCommand(['ip', '-n', namespace, '-batch', '-'], `${lines.join('\n')}\n`);
}

/** What a client on the host hears at the guest's public address, port 22. */
export const ssh = (guest: Guest) =>
  hello({ enter: [], protocol: 'tcp', address: guest.nic.publicIp ?? '', port: 22 });

/** Lets something reply there. */
export const serveSsh = ({ enter }: Guest) =>
  serve({ enter, protocol: 'tcp', address: '0.0.0.0', port: 22 });

/** Without the networks of deleted data folders, which other tests on this host may have left. */
export async function ownLeftovers(network: LinuxNetwork): Promise<readonly NetworkLeftover[]> {
  return (await network.leftovers()).filter(({ kind }) => kind !== 'namespace');
}

export const everywhere = { kind: 'cidr', cidr: '0.0.0.0/0' } as const;
export const allOut: PacketRule = { direction: 'egress', protocol: '-1', peer: everywhere };
export const sshIn: PacketRule = {
  direction: 'ingress',
  protocol: 'tcp',
  fromPort: 22,
  toPort: 22,
  peer: everywhere,
};

/** A policy of one group for each list of rules; guest i is in group i. Every VPC is open and has a gateway. */
export function policyOf(
  guests: readonly (readonly [Guest, readonly PacketRule[]])[],
): NetworkPolicy {
  const nics = guests.map(([{ nic }]) => nic);
  return {
    nics: nics.map((nic, index) => policyNic(nic, { groupIds: [groupId(index)] })),
    groups: guests.map(([, rules], index) => ({ groupId: groupId(index), rules })),
    vpcs: [...Map.groupBy(nics, ({ vpcId }) => vpcId).values()].map((own) => openVpc(own)),
  };
}

export function policyNic(
  { nicId, vpcId, privateIp, publicIp }: TestNic,
  overrides: Partial<PolicyNic> = {},
): PolicyNic {
  const address = { privateIp, ...(publicIp === undefined ? {} : { publicIp }) };
  const closed = { groupIds: [], sourceDestCheck: true };
  return { nicId, vpcId, addresses: [address], ...closed, ...overrides };
}

const all = { ruleNumber: 100, allow: true, protocol: '-1', cidr: '0.0.0.0/0' };
export const openAcl = [
  { ...all, direction: 'ingress' },
  { ...all, direction: 'egress' },
] as const;
export const toInternet = [{ destination: '0.0.0.0/0', target: { kind: 'internet' } }] as const;

/** The VPC of these NICs: with a gateway, to which every subnet's routes lead, and lists that let everything pass. */
export function openVpc(
  nics: readonly TestNic[],
  overrides: Partial<VpcTopology> = {},
): VpcTopology {
  const [first] = nics;
  if (first === undefined) throw new Error('a VPC of no NIC');
  const subnets = new Map(nics.map(({ subnetId, subnetCidr }) => [subnetId, subnetCidr]));
  return {
    vpcId: first.vpcId,
    cidrs: [first.vpcCidr],
    hasInternetGateway: true,
    dnsSupport: true,
    dhcp: {},
    subnets: [...subnets].map(([subnetId, cidr]) => ({
      subnetId,
      cidr,
      routes: toInternet,
      acl: openAcl,
    })),
    natGateways: [],
    ...overrides,
  };
}

function enter(namespace: string): readonly string[] {
  return ['nsenter', `--net=/run/netns/${namespace}`, '--'];
}

export function groupId(index: number): `sg-${string}` {
  return `sg-0000000000000000${index}`;
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
