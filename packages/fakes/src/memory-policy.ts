import { BlockList, isIPv4 } from 'node:net';
import type { NetworkPolicy, Nic, PacketRule, SecurityGroupId } from '@bakehouse/domain';

/** A new connection, between addresses of NICs or of the outside. */
export interface Flow {
  readonly fromIp: string;
  readonly toIp: string;
  /** `tcp`, `udp` or `icmp`. */
  readonly protocol: string;
  readonly port?: number;
}

/**
 * What the policy means: the sender's groups must let it out, the receiver's must let it in; a side that is
 * no NIC is outside and has no groups.
 */
export function permits(policy: NetworkPolicy, nics: readonly Nic[], flow: Flow): boolean {
  const sides = [
    { direction: 'egress', own: flow.fromIp, peer: flow.toIp },
    { direction: 'ingress', own: flow.toIp, peer: flow.fromIp },
  ] as const;
  return sides.every(({ direction, own, peer }) => {
    const nic = nics.find((candidate) => candidate.privateIp === own);
    if (!nic) return true;
    const rules = rulesOf(policy, nic).filter((rule) => rule.direction === direction);
    return rules.some(
      (rule) => coversTraffic(rule, flow) && coversPeer(rule, peer, { policy, nics }),
    );
  });
}

function rulesOf(policy: NetworkPolicy, nic: Nic): readonly PacketRule[] {
  const groupIds = groupsOf(policy, nic);
  return policy.groups
    .filter(({ groupId }) => groupIds.includes(groupId))
    .flatMap(({ rules }) => rules);
}

function groupsOf(policy: NetworkPolicy, nic: Nic): readonly SecurityGroupId[] {
  return policy.nics.find(({ nicId }) => nicId === nic.nicId)?.groupIds ?? [];
}

function coversTraffic(rule: PacketRule, flow: Flow): boolean {
  if (rule.protocol === '-1') return true;
  if (rule.protocol !== flow.protocol) return false;
  const { fromPort = -1, toPort = -1 } = rule;
  if (fromPort === -1 || flow.port === undefined) return true;
  return fromPort <= flow.port && flow.port <= toPort;
}

function coversPeer(
  { peer }: PacketRule,
  ip: string,
  { policy, nics }: { policy: NetworkPolicy; nics: readonly Nic[] },
): boolean {
  if (peer.kind === 'cidr') return contains(peer.cidr, ip);
  const nic = nics.find((candidate) => candidate.privateIp === ip);
  return nic !== undefined && groupsOf(policy, nic).includes(peer.groupId);
}

function contains(cidr: string, ip: string): boolean {
  const [network = '', prefix = ''] = cidr.split('/');
  if (isIPv4(network) !== isIPv4(ip)) return false;
  const family = isIPv4(ip) ? 'ipv4' : 'ipv6';
  const range = new BlockList();
  range.addSubnet(network, Number(prefix), family);
  return range.check(ip, family);
}
