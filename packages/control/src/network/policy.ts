import type {
  MetadataReader,
  NetworkInterface,
  NetworkPolicy,
  PacketRule,
  SecurityGroupRule,
} from '@bakehouse/domain';

/** A stored rule as the network enforces it. */
export function packetRule(rule: SecurityGroupRule): PacketRule {
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

/** The whole policy of the platform: every NIC that belongs to an instance, and the groups they name. */
export async function currentPolicy(reader: MetadataReader): Promise<NetworkPolicy> {
  const all = await reader.list('networkInterface');
  const nics = all.filter((nic: NetworkInterface) => nic.attachment !== undefined);
  const groupIds = [...new Set(nics.flatMap((nic) => nic.groupIds))];
  const groups = [];
  for (const groupId of groupIds) {
    const rules = await reader.list('securityGroupRule', { where: { group: [groupId] } });
    groups.push({ groupId, rules: rules.map(packetRule) });
  }
  return { nics: nics.map(({ id, groupIds }) => ({ nicId: id, groupIds })), groups };
}
