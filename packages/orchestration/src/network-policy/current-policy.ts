import {
  definedMembers,
  type HostId,
  type MetadataReader,
  type NetworkInterface,
  type NetworkInterfaceId,
  type NetworkPolicy,
  type PacketRule,
  type PolicyChange,
  type RulePeer,
  type SecurityGroupId,
} from '@bakehouse/domain';

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

/** The whole policy of a host: every NIC there that belongs to an instance, and the groups they name. */
export async function currentPolicy(
  reader: MetadataReader,
  hostId: HostId,
): Promise<NetworkPolicy> {
  const nics = (await reader.list('networkInterface')).filter(isPartOn(hostId));
  const groups = [];
  for (const groupId of new Set(nics.flatMap((nic) => nic.groupIds))) {
    groups.push({ groupId, rules: await rulesOf(reader, groupId) });
  }
  return { nics: nics.map(({ id, groupIds }) => ({ nicId: id, groupIds })), groups };
}

/**
 * How the policy of a host differs from one before, where only these records may have changed. `known` are the groups
 * that the policy before has.
 */
export async function policyChange(
  reader: MetadataReader,
  changed: {
    readonly nicIds: Iterable<NetworkInterfaceId>;
    readonly groupIds: Iterable<SecurityGroupId>;
  },
  { hostId, known }: { readonly hostId: HostId; readonly known: ReadonlySet<SecurityGroupId> },
): Promise<PolicyChange> {
  const nics = new Map<NetworkInterfaceId, readonly SecurityGroupId[] | undefined>();
  const groupIds = new Set([...changed.groupIds].filter((groupId) => known.has(groupId)));
  for (const nicId of changed.nicIds) {
    const nic = await reader.get('networkInterface', nicId);
    const isPart = nic !== undefined && isPartOn(hostId)(nic);
    nics.set(nicId, isPart ? nic.groupIds : undefined);
    for (const groupId of isPart ? nic.groupIds : [])
      if (!known.has(groupId)) groupIds.add(groupId);
  }
  const groups = new Map<SecurityGroupId, readonly PacketRule[] | undefined>();
  for (const groupId of groupIds) {
    const exists = (await reader.get('securityGroup', groupId)) !== undefined;
    groups.set(groupId, exists ? await rulesOf(reader, groupId) : undefined);
  }
  return { nics, groups };
}
