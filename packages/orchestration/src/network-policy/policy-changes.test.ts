import { silentLogger } from '@bakehouse/base';
import type {
  ElasticAddress,
  MetadataTransaction,
  NetworkPolicy,
  RouteEntryTarget,
} from '@bakehouse/domain';
import { MemoryMetadataStore, MemoryNetwork } from '@bakehouse/fakes';
import {
  aHostId,
  aNetworkAcl,
  aNetworkInterface,
  anAttachment,
  anElasticAddress,
  anInternetGateway,
  aPrefixList,
  aRouteTable,
  aSecurityGroup,
  aSecurityGroupRule,
  aSubnet,
  aVpc,
} from '@bakehouse/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { currentPolicy } from './current-policy.ts';
import { createPolicyApplier } from './policy-applier.ts';
import { PolicyChanges } from './policy-changes.ts';

const attachment = anAttachment('i-1');

/** Fails on demand. */
class FailingNetwork extends MemoryNetwork {
  fails = false;

  override async applyPolicy(policy: NetworkPolicy): Promise<void> {
    if (this.fails) throw new Error('nft failed');
    await super.applyPolicy(policy);
  }

  override async changePolicy(...args: Parameters<MemoryNetwork['changePolicy']>): Promise<void> {
    if (this.fails) throw new Error('nft failed');
    await super.changePolicy(...args);
  }
}

const groupId = fc.constantFrom('sg-1' as const, 'sg-2' as const, 'sg-3' as const);
const aWrite = fc.oneof(
  fc.record({
    what: fc.constant('nic' as const),
    id: fc.constantFrom('eni-1' as const, 'eni-2' as const),
    groupIds: fc.uniqueArray(groupId),
    isAttached: fc.boolean(),
  }),
  fc.record({ what: fc.constant('no nic' as const), id: fc.constantFrom('eni-1', 'eni-2') }),
  fc.record({
    what: fc.constant('rule' as const),
    id: fc.constantFrom('sgr-1' as const, 'sgr-2' as const, 'sgr-3' as const),
    port: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    what: fc.constant('no rule' as const),
    id: fc.constantFrom('sgr-1', 'sgr-2', 'sgr-3'),
  }),
  fc.record({
    what: fc.constant('subnet' as const),
    id: fc.constantFrom('subnet-1' as const, 'subnet-2' as const),
    hasTable: fc.boolean(),
  }),
  fc.record({ what: fc.constant('no subnet' as const), id: fc.constantFrom('subnet-1') }),
  fc.record({
    what: fc.constant('gateway' as const),
    vpcId: fc.constantFrom('vpc-1' as const, 'vpc-2' as const, undefined),
  }),
  fc.record({
    what: fc.constant('route' as const),
    tableId: fc.constantFrom('rtb-1' as const, 'rtb-2' as const),
    destination: fc.constantFrom('0.0.0.0/0', 'pl-1' as const),
    target: fc.constantFrom<RouteEntryTarget[]>(
      { kind: 'internet-gateway', id: 'igw-1' },
      { kind: 'interface', id: 'eni-1' },
      { kind: 'interface', id: 'eni-2' },
    ),
  }),
  fc.record({ what: fc.constant('entry' as const), ruleNumber: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ what: fc.constant('list' as const), octet: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    what: fc.constant('address' as const),
    id: fc.constantFrom('eipalloc-1' as const, 'eipalloc-2' as const),
    nicId: fc.constantFrom('eni-1' as const, 'eni-2' as const, undefined),
  }),
  fc.record({ what: fc.constant('dns' as const), isOn: fc.boolean() }),
);
type Write = typeof aWrite extends fc.Arbitrary<infer Value> ? Value : never;

/** A rule stays in its group. */
const groupOfRule = (id: string) => `sg-${id.slice(4)}` as const;

async function perform(tx: MetadataTransaction, write: Write): Promise<void> {
  switch (write.what) {
    case 'nic': {
      const { id, groupIds, isAttached } = write;
      const place = { vpcId: id === 'eni-1' ? 'vpc-1' : 'vpc-2' } as const;
      const own = { privateIp: privateIpOf(id) };
      const given = { id, groupIds, ...place, ...own, ...(isAttached ? { attachment } : {}) };
      return await tx.put('networkInterface', aNetworkInterface(given));
    }
    case 'no nic':
      return await tx.delete('networkInterface', write.id);
    case 'rule': {
      const { id, port } = write;
      const ports = { protocol: 'tcp', fromPort: port, toPort: port };
      // One of the rules refers to the prefix list.
      const peer = { kind: 'prefix-list', prefixListId: 'pl-1' } as const;
      const listed = id === 'sgr-1' ? { peer } : {};
      const rule = aSecurityGroupRule({ id, groupId: groupOfRule(id), ...ports, ...listed });
      return await tx.put('securityGroupRule', rule);
    }
    case 'no rule':
      return await tx.delete('securityGroupRule', write.id);
    case 'address':
      return await tx.put('elasticAddress', addressOf(write));
    default:
      return await performOnVpc(tx, write);
  }
}

const privateIpOf = (nicId: string) => (nicId === 'eni-1' ? '172.31.0.11' : '172.31.0.12');

function addressOf({ id, nicId }: Extract<Write, { what: 'address' }>): ElasticAddress {
  const publicIp = `127.18.0.${id.at(-1)}`;
  const { association: _, ...address } = anElasticAddress({ id, publicIp });
  if (!nicId) return address;
  const privateIp = privateIpOf(nicId);
  return { ...address, association: { id: `eipassoc-${id.slice(9)}`, nicId, privateIp } };
}

/** Of the first VPC, but for the gateway, which moves. */
async function performOnVpc(tx: MetadataTransaction, write: Write): Promise<void> {
  const vpcId = 'vpc-1';
  switch (write.what) {
    case 'subnet': {
      const routeTable = { routeTableId: 'rtb-2', associationId: 'rtbassoc-1' } as const;
      const table = write.hasTable ? { routeTable } : {};
      return await tx.put('subnet', aSubnet({ id: write.id, vpcId, ...table }));
    }
    case 'no subnet':
      return await tx.delete('subnet', write.id);
    case 'gateway': {
      const { vpcId: _, ...detached } = anInternetGateway({ id: 'igw-1' });
      const place = write.vpcId ? { vpcId: write.vpcId } : {};
      return await tx.put('internetGateway', { ...detached, ...place });
    }
    case 'route': {
      const { tableId: id, destination, target } = write;
      return await tx.put(
        'routeTable',
        aRouteTable({ id, vpcId, routes: [{ destination, target }] }),
      );
    }
    case 'entry': {
      const acl = aNetworkAcl({ vpcId });
      const entries = acl.entries.map((entry) => ({ ...entry, ruleNumber: write.ruleNumber }));
      return await tx.put('networkAcl', { ...acl, entries });
    }
    case 'list': {
      const entries = [{ cidr: `203.0.${write.octet}.0/24` }];
      return await tx.put('prefixList', aPrefixList({ id: 'pl-1', entries }));
    }
    case 'dns':
      return await tx.put('vpc', { ...firstVpc, dnsSupport: write.isOn });
  }
}

const firstVpc = aVpc({
  id: 'vpc-1',
  mainRouteTable: { routeTableId: 'rtb-1', associationId: 'rtbassoc-2' },
});

/** Each NIC with the rules of its groups and its VPC, whatever else the policy has. */
function meaning(
  { nics, groups, vpcs }: NetworkPolicy,
  vpcOf: (nicId: string) => string,
): ReadonlyMap<string, unknown> {
  const rules = new Map(groups.map((group) => [group.groupId, group.rules]));
  return new Map(
    nics.map((nic) => [
      nic.nicId,
      {
        nic,
        groups: nic.groupIds.map((each) => [each, rules.get(each)]),
        vpc: vpcs.find(({ vpcId }) => vpcId === vpcOf(nic.nicId)),
      },
    ]),
  );
}

const vpcOf = (nicId: string) => (nicId === 'eni-1' ? 'vpc-1' : 'vpc-2');

test('changes add up to the whole policy, over failures too', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ writes: fc.array(aWrite, { maxLength: 3 }), fails: fc.boolean() })),
      async (rounds) => {
        const network = new FailingNetwork();
        const changes = new PolicyChanges();
        const metadata = changes.observe(new MemoryMetadataStore());
        const options = { changes, metadata, network, hostId: aHostId, logger: silentLogger };
        const { apply } = createPolicyApplier(options);
        await metadata.write(async (tx) => {
          await tx.put('vpc', firstVpc);
          await tx.put('vpc', aVpc({ id: 'vpc-2' }));
        });
        for (const number of [1, 2, 3]) {
          await metadata.write((tx) =>
            tx.put('securityGroup', aSecurityGroup({ id: `sg-${number}` })),
          );
        }
        for (const { writes, fails } of rounds) {
          await metadata.write(async (tx) => {
            for (const write of writes) await perform(tx, write);
          });
          network.fails = fails;
          await apply().catch(() => {});
          network.fails = false;
          if (fails) await apply();
          const whole = await metadata.read((reader) => currentPolicy(reader, aHostId));
          expect(meaning(network.policy, vpcOf)).toEqual(meaning(whole, vpcOf));
        }
      },
    ),
  );
});
