import type { Network, NetworkPolicy, Nic, SecurityGroupId } from '@bakehouse/domain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

export interface OpenedNetwork {
  readonly network: Network;
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
const manyGroups = Array.from(
  { length: 20 },
  (_, index): SecurityGroupId => `sg-000000000000000${String(index).padStart(2, '0')}`,
);

function policyOfGroups(groupIds: readonly SecurityGroupId[]): NetworkPolicy {
  const rules = policy.groups.flatMap((group) => group.rules);
  return {
    nics: [firstNic, secondNic].map(({ nicId }) => ({ nicId, groupIds })),
    groups: groupIds.map((groupId) => ({ groupId, rules })),
  };
}

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

    test('opening again is harmless', async () => {
      const tap = await network.plug(one);
      await network.open();
      expect(await network.plug(one)).toEqual(tap);
      expect(await listed()).toEqual([one.nicId]);
    });

    test('each NIC has its own tap, the same whenever it is plugged', async () => {
      const taps = [await network.plug(one), await network.plug(two), await network.plug(one)];
      expect(taps[0]).toEqual(taps[2]);
      expect(taps[0]).not.toEqual(taps[1]);
      // IFNAMSIZ of Linux, less the terminating NUL.
      for (const { name: tapName } of taps) expect(tapName).toMatch(/^[a-z][a-z0-9-]{0,14}$/);
      expect(await listed()).toEqual([one.nicId, two.nicId]);
    });

    test('unplugging takes one NIC, and what is not plugged is no matter', async () => {
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

    test('a policy of every kind of rule is taken, and taken again', async () => {
      await network.plug(one);
      await network.plug(two);
      await network.applyPolicy(policy);
      await network.applyPolicy(policy);
      await network.applyPolicy({ nics: [], groups: [] });
    });

    test.each([5, 13, 16, 20])(
      'a NIC may be in %i groups, and everything goes on',
      async (count) => {
        await network.plug(one);
        await network.applyPolicy(policyOfGroups(manyGroups.slice(0, count)));
        await network.plug(two);
        await network.unplug(one.nicId);
        network = await opened.restart();
        await network.open();
        await network.applyPolicy(policyOfGroups(manyGroups.slice(0, count).toReversed()));
        expect(await listed()).toEqual([two.nicId]);
      },
    );

    test('a policy may name NICs that are not plugged', async () => {
      await network.applyPolicy(policy);
      await network.plug(one);
      expect(await listed()).toEqual([one.nicId]);
    });

    test('the next control plane finds what is plugged', async () => {
      const tap = await network.plug(one);
      network = await opened.restart();
      await network.open();
      expect(await listed()).toEqual([one.nicId]);
      expect(await network.plug(one)).toEqual(tap);
    });

    test('mending what is whole changes nothing', async () => {
      const tap = await network.plug(one);
      await network.applyPolicy(policy);
      await network.mend();
      expect(await listed()).toEqual([one.nicId]);
      expect(await network.plug(one)).toEqual(tap);
    });

    test('destroying leaves nothing, and it can be opened again', async () => {
      await network.plug(one);
      await network.destroy();
      await network.destroy();
      await network.open();
      expect(await listed()).toEqual([]);
    });
  });
}
