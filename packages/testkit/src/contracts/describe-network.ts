import type {
  Network,
  NetworkPolicy,
  Nic,
  PolicyNic,
  SecurityGroupId,
  VpcTopology,
} from '@bakehouse/domain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

export interface OpenedNetwork {
  readonly network: Network;
  /** The policy applied last. */
  policy(): Promise<NetworkPolicy>;
  /** Another control plane's view of the same network. */
  restart(): Promise<Network>;
  dispose(): Promise<void>;
}

const firstNic: Nic = {
  nicId: 'eni-00000000000000001',
  vpcId: 'vpc-00000000000000001',
  subnetId: 'subnet-00000000000000001',
  subnetCidr: '172.31.0.0/20',
  macAddress: '02:00:00:00:00:01',
  privateIp: '172.31.0.10',
  hostName: 'ip-172-31-0-10',
  domainName: 'ec2.internal',
};
const secondNic: Nic = {
  ...firstNic,
  nicId: 'eni-00000000000000002',
  macAddress: '02:00:00:00:00:02',
  privateIp: '172.31.0.11',
  hostName: 'ip-172-31-0-11',
};
/** Of another VPC, with the addresses of the first. */
const twinNic: Nic = {
  ...firstNic,
  nicId: 'eni-00000000000000003',
  vpcId: 'vpc-00000000000000002',
  subnetId: 'subnet-00000000000000002',
  macAddress: '02:00:00:00:00:03',
};

/** A VPC with everything that a topology may have. */
function vpcOf({ vpcId, subnetId, subnetCidr }: Nic, publicIp: string): VpcTopology {
  const natGatewayId = 'nat-00000000000000001';
  return {
    vpcId,
    cidrs: ['172.31.0.0/16', '100.64.0.0/16'],
    hasInternetGateway: true,
    dnsSupport: true,
    dhcp: {
      domainName: 'example.internal',
      domainNameServers: ['172.31.0.77'],
      ntpServers: ['172.31.0.78'],
      netbiosNameServers: ['172.31.0.79'],
      netbiosNodeType: 2,
    },
    subnets: [
      {
        subnetId,
        cidr: subnetCidr,
        routes: [
          { destination: '0.0.0.0/0', target: { kind: 'internet' } },
          { destination: '10.1.0.0/16', target: { kind: 'nat', natGatewayId } },
          { destination: '10.2.0.0/16', target: { kind: 'interface', nicId: secondNic.nicId } },
          { destination: '10.3.0.0/16', target: { kind: 'blackhole' } },
        ],
        acl: [
          {
            direction: 'ingress',
            ruleNumber: 100,
            allow: true,
            protocol: 'tcp',
            fromPort: 1,
            toPort: 80,
            cidr: '0.0.0.0/0',
          },
          {
            direction: 'ingress',
            ruleNumber: 90,
            allow: false,
            protocol: 'icmp',
            fromPort: 8,
            toPort: -1,
            cidr: '10.0.0.0/8',
          },
          { direction: 'egress', ruleNumber: 100, allow: true, protocol: '-1', cidr: '0.0.0.0/0' },
        ],
      },
    ],
    natGateways: [{ natGatewayId, subnetId, privateIp: '172.31.0.200', publicIp }],
  };
}

const policy: Omit<NetworkPolicy, 'nics' | 'vpcs'> = {
  groups: [
    {
      groupId: 'sg-00000000000000001',
      rules: [
        {
          direction: 'ingress',
          protocol: 'tcp',
          fromPort: 22,
          toPort: 22,
          peer: { kind: 'cidr', cidr: '0.0.0.0/0' },
        },
        {
          direction: 'ingress',
          protocol: 'icmp',
          fromPort: 8,
          toPort: -1,
          peer: { kind: 'cidr', cidr: '172.31.0.0/16' },
        },
      ],
    },
    {
      groupId: 'sg-00000000000000002',
      rules: [
        {
          direction: 'ingress',
          protocol: '-1',
          peer: { kind: 'group', groupId: 'sg-00000000000000002' },
        },
        { direction: 'egress', protocol: '-1', peer: { kind: 'cidr', cidr: '0.0.0.0/0' } },
      ],
    },
  ],
};

/** As many groups on one NIC as EC2 ever lets an account have (its raised quota), and more. */
const groupIdOf = (index: number): SecurityGroupId =>
  `sg-000000000000000${String(index).padStart(2, '0')}`;
const manyGroups = Array.from({ length: 20 }, (_, index) => groupIdOf(index));

/** In an order of its own: that of a policy means nothing. */
const sorted = ({ nics, groups, vpcs }: NetworkPolicy): NetworkPolicy => ({
  nics: nics.toSorted((a, b) => (a.nicId < b.nicId ? -1 : 1)),
  groups: groups.toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1)),
  vpcs: vpcs.toSorted((a, b) => (a.vpcId < b.vpcId ? -1 : 1)),
});
const emptyPolicy: NetworkPolicy = { nics: [], groups: [], vpcs: [] };

/**
 * The promises of `Network` that need no guest. `open` makes one that is not open yet; public addresses are of
 * `pool`, a /24 of its own where networks are real.
 */
export function describeNetwork(
  name: string,
  open: () => Promise<OpenedNetwork>,
  pool = '127.18.0',
): void {
  const [one, two] = [firstNic, secondNic];
  const vpc = vpcOf(firstNic, `${pool}.200`);
  const policyNic = (nic: Nic, groupIds: readonly SecurityGroupId[], last: number): PolicyNic => ({
    nicId: nic.nicId,
    vpcId: nic.vpcId,
    groupIds,
    addresses: [
      { privateIp: nic.privateIp, publicIp: `${pool}.${last}` },
      { privateIp: `172.31.1.${last}`, publicIp: `${pool}.${last + 100}` },
      { privateIp: `172.31.2.${last}` },
    ],
    sourceDestCheck: nic !== secondNic,
  });
  const whole: NetworkPolicy = {
    ...policy,
    nics: [
      policyNic(one, ['sg-00000000000000001', 'sg-00000000000000002'], 10),
      policyNic(two, ['sg-00000000000000002'], 11),
    ],
    vpcs: [vpc],
  };
  const policyOfGroups = (groupIds: readonly SecurityGroupId[]): NetworkPolicy => ({
    nics: [policyNic(one, groupIds, 10), policyNic(two, groupIds, 11)],
    groups: groupIds.map((groupId) => ({
      groupId,
      rules: policy.groups.flatMap((group) => group.rules),
    })),
    vpcs: [vpc],
  });
  describe(`${name} is a Network`, () => {
    let opened: OpenedNetwork;
    let network: Network;
    beforeEach(async () => {
      opened = await open();
      network = opened.network;
      await network.open();
    });
    afterEach(() => opened.dispose());
    const listed = async () => [...(await network.list())].sort();

    test('opening is repeatable', async () => {
      const port = await network.plug(one);
      await network.open();
      expect(await network.plug(one)).toEqual(port);
      expect(await listed()).toEqual([one.nicId]);
    });

    test('each NIC has its own port, the same whenever it is plugged', async () => {
      const ports = [await network.plug(one), await network.plug(two), await network.plug(one)];
      expect(ports[0]).toEqual(ports[2]);
      expect(ports[0]).not.toEqual(ports[1]);
      expect(await listed()).toEqual([one.nicId, two.nicId]);
    });

    test('unplugging takes one NIC, and is a no-op for one that is not plugged', async () => {
      await network.plug(one);
      await network.plug(two);
      await network.unplug(one.nicId);
      await network.unplug(one.nicId);
      expect(await listed()).toEqual([two.nicId]);
    });

    test('VPCs may have the same ranges; within one, addresses are taken once', async () => {
      const port = await network.plug(one);
      expect(await network.plug(twinNic)).not.toEqual(port);
      await network.applyPolicy({
        ...whole,
        vpcs: [vpc, { ...vpcOf(twinNic, `${pool}.201`), natGateways: [] }],
      });
      const same = { ...two, privateIp: one.privateIp };
      await expect(network.plug(same)).rejects.toThrow(one.nicId);
      expect(await listed()).toEqual([one.nicId, twinNic.nicId]);
    });

    test('a public address belongs to one NIC, and moves from one to another', async () => {
      await network.plug(one);
      await network.plug(two);
      await network.applyPolicy(whole);
      const groupIds: readonly SecurityGroupId[] = ['sg-00000000000000002'];
      const greedy = policyNic(two, groupIds, 10);
      const change = { groups: new Map(), vpcs: new Map() };
      const both = network.changePolicy({ ...change, nics: new Map([[two.nicId, greedy]]) });
      await expect(both).rejects.toThrow(`${pool}.10`);
      await network.applyPolicy(whole);
      const swapped = [policyNic(one, groupIds, 11), greedy];
      const nics = new Map(swapped.map((nic) => [nic.nicId, nic]));
      await network.changePolicy({ ...change, nics });
      expect(sorted(await opened.policy()).nics).toEqual(swapped);
    });

    test('a NIC without a guest is not reachable', async () => {
      expect(await network.isReachable(one.nicId)).toBe(false);
      await network.plug(one);
      expect(await network.isReachable(one.nicId)).toBe(false);
    });

    test('a policy of every kind of rule is accepted, and accepted again', async () => {
      await network.plug(one);
      await network.plug(two);
      await network.applyPolicy(whole);
      await network.applyPolicy(whole);
      await network.applyPolicy(emptyPolicy);
    });

    test('a policy is changed, before and after a restart, and emptied by changes', async () => {
      await network.plug(one);
      await network.plug(two);
      const [first, second, third] = [groupIdOf(0), groupIdOf(1), groupIdOf(2)];
      const { nics, groups, vpcs } = policyOfGroups([first, second]);
      const changedVpc: VpcTopology = { ...vpc, hasInternetGateway: false, natGateways: [] };
      await network.applyPolicy({ nics, groups, vpcs });
      const ofTwo = nics.filter(({ nicId }) => nicId === two.nicId);
      const rules = groups[0]?.rules ?? [];
      await network.changePolicy({
        nics: new Map([[one.nicId, policyNic(one, [second, third], 12)]]),
        groups: new Map([[third, rules]]),
        vpcs: new Map([[vpc.vpcId, changedVpc]]),
      });
      expect(sorted(await opened.policy())).toEqual(
        sorted({
          nics: [policyNic(one, [second, third], 12), ...ofTwo],
          groups: [...groups, { groupId: third, rules }],
          vpcs: [changedVpc],
        }),
      );
      network = await opened.restart();
      await network.open();
      await network.changePolicy({
        nics: new Map([[one.nicId, undefined]]),
        groups: new Map([[third, undefined]]),
        vpcs: new Map([[vpc.vpcId, undefined]]),
      });
      expect(sorted(await opened.policy())).toEqual(sorted({ nics: ofTwo, groups, vpcs: [] }));
      await network.changePolicy({
        nics: new Map([[two.nicId, undefined]]),
        groups: new Map([
          [first, undefined],
          [second, undefined],
        ]),
        vpcs: new Map(),
      });
      expect(await opened.policy()).toEqual(emptyPolicy);
    });

    test.each([5, 13, 16, 20])('a NIC may be in %i groups, and everything works', async (count) => {
      await network.plug(one);
      await network.applyPolicy(policyOfGroups(manyGroups.slice(0, count)));
      await network.plug(two);
      await network.unplug(one.nicId);
      network = await opened.restart();
      await network.open();
      await network.applyPolicy(policyOfGroups(manyGroups.slice(0, count).toReversed()));
      expect(await listed()).toEqual([two.nicId]);
    });

    test('a policy may name NICs that are not plugged', async () => {
      await network.applyPolicy(whole);
      await network.plug(one);
      expect(await listed()).toEqual([one.nicId]);
    });

    test('the next control plane finds what is plugged', async () => {
      const port = await network.plug(one);
      network = await opened.restart();
      await network.open();
      expect(await listed()).toEqual([one.nicId]);
      expect(await network.plug(one)).toEqual(port);
    });

    test('repairing what is whole changes nothing', async () => {
      const port = await network.plug(one);
      await network.applyPolicy(whole);
      expect(await network.repair()).toEqual([]);
      expect(await listed()).toEqual([one.nicId]);
      expect(await network.plug(one)).toEqual(port);
    });

    test('destroying leaves nothing, and the network can be opened again', async () => {
      await network.plug(one);
      await network.destroy();
      await network.destroy();
      await network.open();
      expect(await listed()).toEqual([]);
    });
  });
}
