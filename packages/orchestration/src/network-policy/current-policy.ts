import type {
  HostId,
  MetadataReader,
  NetworkInterface,
  NetworkInterfaceId,
  NetworkPolicy,
  PacketRule,
  PolicyChange,
  PolicyNic,
  SecurityGroupId,
  SecurityGroupRule,
  VpcId,
  VpcTopology,
} from '@bakehouse/domain';
import { vpcTopology } from './vpc-topology.ts';

/** A stored rule as the network enforces it. */
function packetRule(rule: SecurityGroupRule): PacketRule {
  const { direction, protocol, fromPort, toPort, peer } = rule;
  return {
    direction,
    protocol,
    ...(fromPort === undefined ? {} : { fromPort }),
    ...(toPort === undefined ? {} : { toPort }),
    peer:
      peer.kind === 'group'
        ? { kind: 'group', groupId: peer.groupId }
        : { kind: 'cidr', cidr: peer.cidr },
  };
}

async function rulesOf(reader: MetadataReader, groupId: SecurityGroupId): Promise<PacketRule[]> {
  const rules = await reader.list('securityGroupRule', { where: { group: [groupId] } });
  return rules.map(packetRule);
}

const isPartOn = (hostId: HostId) => (nic: NetworkInterface) =>
  nic.attachment !== undefined && nic.hostId === hostId;

function policyNic({ id, groupIds, privateIp, publicIp, sourceDestCheck }: NetworkInterface) {
  const address = { privateIp, ...(publicIp === undefined ? {} : { publicIp }) };
  return { nicId: id, groupIds, addresses: [address], sourceDestCheck } satisfies PolicyNic;
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
  return { nics: nics.map(policyNic), groups, vpcs };
}

/** The groups and VPCs that a policy has. */
export interface KnownParts {
  readonly groups: ReadonlySet<SecurityGroupId>;
  readonly vpcs: ReadonlySet<VpcId>;
}

/** How the policy of a host differs from one before, which had the known parts, where only these records may have changed. */
export async function policyChange(
  reader: MetadataReader,
  changed: {
    readonly nicIds: Iterable<NetworkInterfaceId>;
    readonly groupIds: Iterable<SecurityGroupId>;
    readonly vpcIds: Iterable<VpcId>;
  },
  { hostId, known }: { readonly hostId: HostId; readonly known: KnownParts },
): Promise<PolicyChange> {
  const nics = new Map<NetworkInterfaceId, PolicyNic | undefined>();
  const groupIds = new Set([...changed.groupIds].filter((id) => known.groups.has(id)));
  const vpcIds = new Set([...changed.vpcIds].filter((id) => known.vpcs.has(id)));
  for (const nicId of changed.nicIds) {
    const nic = await reader.get('networkInterface', nicId);
    const isPart = nic !== undefined && isPartOn(hostId)(nic);
    nics.set(nicId, isPart ? policyNic(nic) : undefined);
    if (!isPart) continue;
    for (const groupId of nic.groupIds) if (!known.groups.has(groupId)) groupIds.add(groupId);
    if (!known.vpcs.has(nic.vpcId)) vpcIds.add(nic.vpcId);
  }
  const groups = await changedGroups(reader, groupIds);
  const vpcs = new Map<VpcId, VpcTopology | undefined>();
  for (const vpcId of vpcIds) vpcs.set(vpcId, await vpcTopology(reader, vpcId));
  return { nics, groups, vpcs };
}

async function changedGroups(reader: MetadataReader, groupIds: Iterable<SecurityGroupId>) {
  const groups = new Map<SecurityGroupId, readonly PacketRule[] | undefined>();
  for (const groupId of groupIds) {
    const exists = (await reader.get('securityGroup', groupId)) !== undefined;
    groups.set(groupId, exists ? await rulesOf(reader, groupId) : undefined);
  }
  return groups;
}
