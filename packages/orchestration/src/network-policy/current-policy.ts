import {
  definedMembers,
  type HostId,
  type MetadataReader,
  type NetworkInterface,
  type NetworkInterfaceId,
  type NetworkPolicy,
  type PacketRule,
  type PolicyChange,
  type PolicyNic,
  type PrefixListId,
  type RulePeer,
  readInterfaceAddresses,
  type SecurityGroupId,
  type VpcId,
  type VpcTopology,
} from '@bakehouse/domain';
import { vpcTopology } from './vpc-topology.ts';

/** The peers of a stored rule as the network enforces them: a prefix list is its ranges. */
async function packetPeers(
  reader: MetadataReader,
  peer: RulePeer,
): Promise<readonly PacketRule['peer'][]> {
  if (peer.kind === 'group') return [{ kind: 'group', groupId: peer.groupId }];
  if (peer.kind !== 'prefix-list') return [{ kind: 'cidr', cidr: peer.cidr }];
  const list = await reader.get('prefixList', peer.prefixListId);
  return (list?.entries ?? []).map(({ cidr }) => ({ kind: 'cidr', cidr }));
}

async function rulesOf(reader: MetadataReader, groupId: SecurityGroupId): Promise<PacketRule[]> {
  const rules: PacketRule[] = [];
  for (const rule of await reader.list('securityGroupRule', { where: { group: [groupId] } })) {
    const { direction, protocol, fromPort, toPort } = rule;
    const traffic = { direction, protocol, ...definedMembers({ fromPort, toPort }) };
    for (const peer of await packetPeers(reader, rule.peer)) rules.push({ ...traffic, peer });
  }
  return rules;
}

const isPartOn = (hostId: HostId) => (nic: NetworkInterface) =>
  nic.attachment !== undefined && nic.hostId === hostId;

/** What may pass an interface, with its automatic and its Elastic IP addresses. */
async function policyNic(reader: MetadataReader, nic: NetworkInterface): Promise<PolicyNic> {
  const addresses = await readInterfaceAddresses(reader, nic);
  return {
    nicId: nic.id,
    vpcId: nic.vpcId,
    groupIds: nic.groupIds,
    addresses: addresses.map(({ privateIp, publicIp }) => ({
      privateIp,
      ...definedMembers({ publicIp }),
    })),
    sourceDestCheck: nic.sourceDestCheck,
  };
}

async function policyNics(
  reader: MetadataReader,
  nics: readonly NetworkInterface[],
): Promise<readonly PolicyNic[]> {
  const found: PolicyNic[] = [];
  for (const nic of nics) found.push(await policyNic(reader, nic));
  return found;
}

/** The whole policy of a host: every NIC there that belongs to an instance, with the groups and VPCs they name. */
export async function currentPolicy(
  reader: MetadataReader,
  hostId: HostId,
): Promise<NetworkPolicy> {
  const nics = (await reader.list('networkInterface')).filter(isPartOn(hostId));
  const groups = [];
  for (const groupId of new Set(nics.flatMap((nic) => nic.groupIds))) {
    groups.push({ groupId, rules: await rulesOf(reader, groupId) });
  }
  const vpcs = [];
  for (const vpcId of new Set(nics.map((nic) => nic.vpcId))) {
    const vpc = await vpcTopology(reader, vpcId);
    if (vpc) vpcs.push(vpc);
  }
  return { nics: await policyNics(reader, nics), groups, vpcs };
}

/** The groups and VPCs that a policy has. */
export interface KnownParts {
  readonly groups: ReadonlySet<SecurityGroupId>;
  readonly vpcs: ReadonlySet<VpcId>;
}

/** The records that may have changed since a policy. */
interface PolicyRecords {
  readonly nicIds: Iterable<NetworkInterfaceId>;
  readonly groupIds: Iterable<SecurityGroupId>;
  readonly vpcIds: Iterable<VpcId>;
  readonly prefixListIds: Iterable<PrefixListId>;
}

/** The groups and VPCs whose rules and routes refer to these prefix lists. */
async function prefixListUsers(reader: MetadataReader, ids: Iterable<PrefixListId>) {
  const where = { prefixList: [...ids] };
  if (where.prefixList.length === 0) return { groupIds: [], vpcIds: [] };
  const rules = await reader.list('securityGroupRule', { where });
  const tables = await reader.list('routeTable', { where });
  return {
    groupIds: rules.map(({ groupId }) => groupId),
    vpcIds: tables.map(({ vpcId }) => vpcId),
  };
}

/** The VPCs with routes to these interfaces: whether such a route leads anywhere follows from the attachment. */
async function routedVpcs(
  reader: MetadataReader,
  nicIds: Iterable<NetworkInterfaceId>,
): Promise<readonly VpcId[]> {
  const target = [...nicIds];
  if (target.length === 0) return [];
  const tables = await reader.list('routeTable', { where: { target } });
  return tables.map(({ vpcId }) => vpcId);
}

/** Those of the interfaces that the host's policy has; undefined for others. */
async function interfacesOn(
  reader: MetadataReader,
  nicIds: Iterable<NetworkInterfaceId>,
  hostId: HostId,
): Promise<ReadonlyMap<NetworkInterfaceId, NetworkInterface | undefined>> {
  const nics = new Map<NetworkInterfaceId, NetworkInterface | undefined>();
  for (const nicId of nicIds) {
    const nic = await reader.get('networkInterface', nicId);
    nics.set(nicId, nic && isPartOn(hostId)(nic) ? nic : undefined);
  }
  return nics;
}

/** What has changed of the known parts, and what interfaces need that is not known. */
function within<Id>(known: ReadonlySet<Id>, changed: Iterable<Id>, needed: Iterable<Id>): Set<Id> {
  const ofKnown = [...changed].filter((id) => known.has(id));
  return new Set([...ofKnown, ...[...needed].filter((id) => !known.has(id))]);
}

/** How the policy of a host differs from one before, which had the known parts, where only these records may have changed. */
export async function policyChange(
  reader: MetadataReader,
  changed: PolicyRecords,
  { hostId, known }: { readonly hostId: HostId; readonly known: KnownParts },
): Promise<PolicyChange> {
  const users = await prefixListUsers(reader, changed.prefixListIds);
  const found = await interfacesOn(reader, changed.nicIds, hostId);
  const parts = [...found.values()].filter((nic) => nic !== undefined);
  const nics = new Map<NetworkInterfaceId, PolicyNic | undefined>();
  for (const [nicId, nic] of found) nics.set(nicId, nic && (await policyNic(reader, nic)));
  const groups = new Map<SecurityGroupId, readonly PacketRule[] | undefined>();
  const changedGroups = [...changed.groupIds, ...users.groupIds];
  const neededGroups = parts.flatMap(({ groupIds }) => groupIds);
  for (const groupId of within(known.groups, changedGroups, neededGroups)) {
    const exists = (await reader.get('securityGroup', groupId)) !== undefined;
    groups.set(groupId, exists ? await rulesOf(reader, groupId) : undefined);
  }
  const vpcs = new Map<VpcId, VpcTopology | undefined>();
  const routed = await routedVpcs(reader, changed.nicIds);
  const changedVpcs = [...changed.vpcIds, ...users.vpcIds, ...routed];
  const neededVpcs = parts.map(({ vpcId }) => vpcId);
  for (const vpcId of within(known.vpcs, changedVpcs, neededVpcs)) {
    vpcs.set(vpcId, await vpcTopology(reader, vpcId));
  }
  return { nics, groups, vpcs };
}
