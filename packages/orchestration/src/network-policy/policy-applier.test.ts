import { silentLogger } from '@bakehouse/base';
import {
  type MetadataStore,
  type NetworkPolicy,
  type PolicyChange,
  PolicyRefusedError,
} from '@bakehouse/domain';
import {
  ManualClock,
  MemoryMetadataStore,
  MemoryNetwork,
  seededIds,
  simulatedDrivers,
} from '@bakehouse/fakes';
import {
  aHostId,
  aNetworkInterface,
  anAttachment,
  anElasticAddress,
  aSecurityGroup,
  aSubnet,
  aVpc,
} from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { createControlPlane } from '../control-plane.ts';
import { platformAccountId } from '../platform/accounts.ts';
import { createPolicyApplier } from './policy-applier.ts';
import { PolicyChanges } from './policy-changes.ts';

const attachment = anAttachment('i-1');

/** Counts applications, holds them until released, and fails on demand. */
class SlowNetwork extends MemoryNetwork {
  failures = 0;
  readonly applied: ('whole' | 'change')[] = [];
  readonly #held: (() => void)[] = [];
  isHeld = false;

  override async applyPolicy(policy: NetworkPolicy): Promise<void> {
    await this.#pass('whole');
    await super.applyPolicy(policy);
  }

  override async changePolicy(change: PolicyChange): Promise<void> {
    await this.#pass('change');
    await super.changePolicy(change);
  }

  async #pass(what: 'whole' | 'change'): Promise<void> {
    if (this.isHeld) await new Promise<void>((resolve) => this.#held.push(resolve));
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('nft failed');
    }
    this.applied.push(what);
  }

  release(): void {
    this.isHeld = false;
    for (const resolve of this.#held.splice(0)) resolve();
  }
}

function applierOver(network: SlowNetwork) {
  const changes = new PolicyChanges();
  const metadata = changes.observe(new MemoryMetadataStore());
  const policy = createPolicyApplier({
    changes,
    metadata,
    network,
    hostId: aHostId,
    logger: silentLogger,
  });
  return { ...policy, metadata };
}

const putNic = ({ metadata }: ReturnType<typeof applierOver>) =>
  metadata.write((tx) => tx.put('networkInterface', aNetworkInterface({ attachment })));

test('calls during a run share one run after it', async () => {
  const network = new SlowNetwork();
  const policy = applierOver(network);
  network.isHeld = true;
  const first = policy.apply();
  await putNic(policy);
  const calls = [first, policy.apply(), policy.apply(), policy.apply()];
  network.release();
  await Promise.all(calls);
  expect(network.applied).toEqual(['whole', 'change']);
});

test('an address that moves between the list of changes and the records is no failure', async () => {
  const network = new SlowNetwork();
  const changes = new PolicyChanges();
  const store = changes.observe(new MemoryMetadataStore());
  let inTheGap = async () => {};
  const metadata: MetadataStore = {
    ...store,
    read: async (work) => {
      await inTheGap();
      return store.read(work);
    },
  };
  const options = { changes, metadata, network, hostId: aHostId, logger: silentLogger };
  const policy = createPolicyApplier(options);
  const [from, to] = ['172.31.0.10', '172.31.0.11'].map((privateIp, index) =>
    aNetworkInterface({ id: `eni-${index}`, privateIp, attachment }),
  );
  if (!from || !to) throw new Error('two interfaces');
  const addressAt = ({ id, privateIp }: typeof from) =>
    anElasticAddress({ association: { id: 'eipassoc-1', nicId: id, privateIp } });
  await store.write(async (tx) => {
    for (const nic of [from, to]) await tx.put('networkInterface', nic);
    await tx.put('elasticAddress', addressAt(from));
  });
  await policy.apply();
  await store.write((tx) => tx.put('networkInterface', { ...to, sourceDestCheck: false }));
  inTheGap = async () => {
    inTheGap = async () => {};
    await store.write((tx) => tx.put('elasticAddress', addressAt(to)));
  };
  await policy.apply();
  // The change was tried, and refused.
  expect(network.applied).toEqual(['whole', 'change', 'whole']);
  const publicIp = addressAt(to).publicIp;
  expect(network.policy.nics.map(({ addresses }) => addresses)).toEqual([
    [{ privateIp: from.privateIp }],
    [{ privateIp: to.privateIp, publicIp }],
  ]);
});

test('without a change there is nothing to apply', async () => {
  const network = new SlowNetwork();
  const policy = applierOver(network);
  await policy.apply();
  await policy.apply();
  expect(network.applied).toEqual(['whole']);
});

test('a failure reaches its caller, not the one after, which applies the whole policy', async () => {
  const network = new SlowNetwork();
  network.failures = 1;
  const policy = applierOver(network);
  const first = expect(policy.apply()).rejects.toThrow('nft failed');
  const second = policy.apply();
  await first;
  await second;
  expect(network.applied).toEqual(['whole']);
});

test('what is refused of a VPC fails who asks for it or for all, and nobody else', async () => {
  const network = new SlowNetwork();
  const [refused, other] = ['vpc-refused', 'vpc-other'] as const;
  const refusal = new PolicyRefusedError(new Map([[refused, new Error('nft failed')]]));
  const applyPolicy = network.applyPolicy.bind(network);
  network.applyPolicy = () => Promise.reject(refusal);
  const policy = applierOver(network);
  await policy.apply(other);
  await expect(policy.apply(refused)).rejects.toBe(refusal);
  await expect(policy.apply()).rejects.toBe(refusal);
  await expect(policy.repair()).rejects.toBe(refusal);
  // What failed as a whole concerns all.
  network.applyPolicy = () => Promise.reject(new Error('no memory'));
  await expect(policy.apply(other)).rejects.toThrow('no memory');
  network.applyPolicy = applyPolicy;
  await policy.repair();
  expect(network.applied).toEqual(['whole']);
});

test('repair applies after a failure until it succeeds, and then no more', async () => {
  const network = new SlowNetwork();
  network.failures = 2;
  const policy = applierOver(network);
  await policy.repair();
  await expect(policy.apply()).rejects.toThrow('nft failed');
  await expect(policy.repair()).rejects.toThrow('nft failed');
  expect(network.applied).toEqual([]);
  await policy.repair();
  await policy.repair();
  expect(network.applied).toEqual(['whole']);
});

test('a reset applies the whole policy', async () => {
  const network = new SlowNetwork();
  const policy = applierOver(network);
  await putNic(policy);
  await policy.apply();
  expect(network.policy.nics).toHaveLength(1);
  await policy.metadata.reset([]);
  await policy.apply();
  expect(network.policy.nics).toEqual([]);
});

test('interfaces of another host are no part of the policy, from the start or later', async () => {
  const network = new SlowNetwork();
  const policy = applierOver(network);
  const [there, later] = ['eni-there', 'eni-later'] as const;
  const put = (id: typeof there | typeof later) =>
    policy.metadata.write((tx) =>
      tx.put('networkInterface', aNetworkInterface({ id, attachment, hostId: 'host-other' })),
    );
  await putNic(policy);
  await put(there);
  await policy.apply();
  await put(later);
  await policy.apply();
  expect(network.policy.nics.map(({ nicId }) => nicId)).toEqual([aNetworkInterface().id]);
});

test('a group that is deleted leaves the policy', async () => {
  const network = new SlowNetwork();
  const policy = applierOver(network);
  const { metadata } = policy;
  const group = aSecurityGroup();
  await metadata.write((tx) => tx.put('securityGroup', group));
  await putNic(policy);
  await policy.apply();
  expect(network.policy.groups.map(({ groupId }) => groupId)).toEqual([group.id]);
  await metadata.write(async (tx) => {
    await tx.delete('networkInterface', aNetworkInterface().id);
    await tx.delete('securityGroup', group.id);
  });
  await policy.apply();
  expect(network.policy).toEqual({ nics: [], groups: [], vpcs: [] });
});

test('a VPC is part of the policy with its first interface, and changes with its subnets', async () => {
  const network = new SlowNetwork();
  const policy = applierOver(network);
  const { metadata } = policy;
  const [vpc, subnet] = [aVpc(), aSubnet()];
  await metadata.write((tx) => tx.put('vpc', vpc));
  await policy.apply();
  expect(network.policy.vpcs).toEqual([]);
  await putNic(policy);
  await policy.apply();
  expect(network.policy.vpcs).toMatchObject([{ vpcId: vpc.id, cidrs: [vpc.cidr], subnets: [] }]);
  expect(network.policy.nics).toMatchObject([{ vpcId: vpc.id }]);
  await metadata.write((tx) => tx.put('subnet', subnet));
  await policy.apply();
  expect(network.policy.vpcs).toMatchObject([{ subnets: [{ cidr: subnet.cidr }] }]);
  await metadata.write((tx) => tx.delete('vpc', vpc.id));
  await policy.apply();
  expect(network.policy.vpcs).toEqual([]);
});

test('a network that refuses the policy keeps nothing else from starting, and is asked again', async () => {
  const clock = new ManualClock();
  const network = new SlowNetwork();
  network.failures = 3;
  const plane = createControlPlane({
    metadata: new MemoryMetadataStore(),
    drivers: { ...simulatedDrivers({ clock }), network },
    clock,
    ids: seededIds(1),
    logger: silentLogger,
    settings: {
      regions: ['us-east-1'],
      platformAccountId,
      compute: 'simulated',
      hostId: aHostId,
      publicCidr: '127.18.0.0/16',
    },
  });
  await plane.start();
  expect(network.applied).toEqual([]);
  await clock.advanceUntil(() => network.applied.length > 0, 60_000);
});
