import type { Network, NetworkPolicy, Nic, SecurityGroupId } from '@bakehouse/domain';
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
  subnetId: 'subnet-00000000000000001',
  subnetCidr: '172.31.0.0/20',
  macAddress: '02:00:00:00:00:01',
  privateIp: '172.31.0.10',
  publicIp: '127.18.0.10',
  hostName: 'ip-172-31-0-10',
  domainName: 'ec2.internal',
};
const secondNic: Nic = {
  ...firstNic,
  nicId: 'eni-00000000000000002',
  macAddress: '02:00:00:00:00:02',
  privateIp: '172.31.0.11',
  publicIp: '127.18.0.11',
  hostName: 'ip-172-31-0-11',
};
const policy: NetworkPolicy = {
  nics: [
    { nicId: firstNic.nicId, groupIds: ['sg-00000000000000001', 'sg-00000000000000002'] },
    { nicId: secondNic.nicId, groupIds: ['sg-00000000000000002'] },
  ],
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

function policyOfGroups(groupIds: readonly SecurityGroupId[]): NetworkPolicy {
  const rules = policy.groups.flatMap((group) => group.rules);
  return {
    nics: [firstNic, secondNic].map(({ nicId }) => ({ nicId, groupIds })),
    groups: groupIds.map((groupId) => ({ groupId, rules })),
  };
}

/** In an order of its own: that of a policy means nothing. */
const sorted = ({ nics, groups }: NetworkPolicy): NetworkPolicy => ({
  nics: nics.toSorted((a, b) => (a.nicId < b.nicId ? -1 : 1)),
  groups: groups.toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1)),
});

/**
 * The promises of `Network` that need no guest. `open` makes one that is not open yet; public addresses are of
 * `pool`, a /24 of its own where networks are real.
 */
export function describeNetwork(
  name: string,
  open: () => Promise<OpenedNetwork>,
  pool = '127.18.0',
): void {
  const one = { ...firstNic, publicIp: `${pool}.10` };
  const two = { ...secondNic, publicIp: `${pool}.11` };
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

    test('a NIC without a guest is not reachable', async () => {
      expect(await network.isReachable(one.nicId)).toBe(false);
      await network.plug(one);
      expect(await network.isReachable(one.nicId)).toBe(false);
    });

    test('a policy of every kind of rule is accepted, and accepted again', async () => {
      await network.plug(one);
      await network.plug(two);
      await network.applyPolicy(policy);
      await network.applyPolicy(policy);
      await network.applyPolicy({ nics: [], groups: [] });
    });

    test('a policy is changed, before and after a restart, and emptied by changes', async () => {
      await network.plug(one);
      await network.plug(two);
      const [first, second, third] = [groupIdOf(0), groupIdOf(1), groupIdOf(2)];
      const { nics, groups } = policyOfGroups([first, second]);
      await network.applyPolicy({ nics, groups });
      const ofTwo = nics.filter(({ nicId }) => nicId === two.nicId);
      const rules = groups[0]?.rules ?? [];
      await network.changePolicy({
        nics: new Map([[one.nicId, [second, third]]]),
        groups: new Map([[third, rules]]),
      });
      expect(sorted(await opened.policy())).toEqual(
        sorted({
          nics: [{ nicId: one.nicId, groupIds: [second, third] }, ...ofTwo],
          groups: [...groups, { groupId: third, rules }],
        }),
      );
      network = await opened.restart();
      await network.open();
      await network.changePolicy({
        nics: new Map([[one.nicId, undefined]]),
        groups: new Map([[third, undefined]]),
      });
      expect(sorted(await opened.policy())).toEqual(sorted({ nics: ofTwo, groups }));
      await network.changePolicy({
        nics: new Map([[two.nicId, undefined]]),
        groups: new Map([
          [first, undefined],
          [second, undefined],
        ]),
      });
      expect(await opened.policy()).toEqual({ nics: [], groups: [] });
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
      await network.applyPolicy(policy);
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
      await network.applyPolicy(policy);
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
