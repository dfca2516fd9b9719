import { createHash } from 'node:crypto';
import { cidrContains, formatCidr, parseCidr, parseIp } from '@bakehouse/base';
import type { NetworkPolicy, Nic, PacketRule, SecurityGroupId } from '@bakehouse/domain';
import { NetworkInputError } from './network-errors.ts';
import type { NftChain, NftSet } from './ruleset.ts';

/** What security groups add to the namespace's table. */
export interface PolicyPart {
  readonly sets: Readonly<Record<string, NftSet>>;
  readonly chains: Readonly<Record<string, NftChain>>;
  /** Private address to verdict: for the source of a connection, and for its target. */
  readonly egress: readonly string[];
  readonly ingress: readonly string[];
}

interface Side {
  readonly chainPrefix: string;
  /** The verdict of a rule that matches. */
  readonly pass: string;
  /** The address that a rule's peer is compared with. */
  readonly peer: string;
}

/**
 * A connection is judged by the tuple of its first packet, in both directions and at every packet. So a revoked rule
 * cuts what it had let in at once, without a list of connections to walk. The source of the reply is the target of
 * the connection after translation.
 */
export const connectionSource = 'ct original ip saddr';
export const connectionTarget = 'ct reply ip saddr';

const sides: Readonly<Record<PacketRule['direction'], Side>> = {
  ingress: { chainPrefix: 'in', pass: 'accept', peer: connectionSource },
  egress: { chainPrefix: 'out', pass: 'goto arriving', peer: connectionTarget },
};

/** Security groups as nft chains. A NIC without a group, or only in groups without rules, has no `accept`. */
export function planPolicy(
  policy: NetworkPolicy,
  nics: ReadonlyMap<string, Nic>,
  hostAddress: string,
): PolicyPart {
  const plugged = policy.nics.flatMap(({ nicId, groupIds }) => {
    const nic = nics.get(nicId);
    return nic === undefined ? [] : [{ address: nic.privateIp, groupIds: sorted(groupIds) }];
  });
  const sets: Record<string, NftSet> = {};
  const chains: Record<string, NftChain> = {};
  for (const groupId of referencedGroups(policy)) {
    const members = plugged.filter((nic) => nic.groupIds.includes(groupId));
    const elements = [...new Set(members.map((nic) => nic.address))];
    sets[memberSet(groupId)] = { kind: 'set', type: 'ipv4_addr', elements };
  }
  const used = new Set(plugged.flatMap((nic) => nic.groupIds));
  for (const groupId of used) {
    const rules = policy.groups.find((group) => group.groupId === groupId)?.rules ?? [];
    Object.assign(chains, groupChains(groupId, rules, hostAddress));
  }
  for (const nic of plugged) Object.assign(chains, combinedChains(nic.groupIds));
  const verdicts = (side: Side) =>
    plugged
      .filter((nic) => nic.groupIds.length > 0)
      .map((nic) => `${nic.address} : goto ${chainName(side, nic.groupIds)}`);
  return { sets, chains, egress: verdicts(sides.egress), ingress: verdicts(sides.ingress) };
}

function groupChains(
  groupId: SecurityGroupId,
  rules: readonly PacketRule[],
  hostAddress: string,
): Record<string, NftChain> {
  const chains: Record<string, NftChain> = {};
  for (const [direction, side] of Object.entries(sides)) {
    const mine = rules.filter((rule) => rule.direction === direction);
    const lines = mine.flatMap((rule) => ruleLines(rule, side, hostAddress));
    chains[chainName(side, [groupId])] = { rules: [...new Set(lines)] };
  }
  return chains;
}

/** NICs in the same several groups share a chain that tries each of them. */
function combinedChains(groupIds: readonly SecurityGroupId[]): Record<string, NftChain> {
  if (groupIds.length < 2) return {};
  return Object.fromEntries(
    Object.values(sides).map((side) => [
      chainName(side, groupIds),
      { rules: groupIds.map((groupId) => `jump ${chainName(side, [groupId])}`) },
    ]),
  );
}

/**
 * The name of the chain of these groups, which are sorted. A name in nft has at most 256 characters, which 13 ids
 * exceed, so several groups are named by a hash.
 */
export function chainName(side: Pick<Side, 'chainPrefix'>, groupIds: readonly string[]): string {
  const ids = groupIds.map(checkedId).join(' ');
  if (groupIds.length === 1) return `${side.chainPrefix}-${ids}`;
  const hash = createHash('sha256').update(ids).digest('hex').slice(0, 32);
  return `${side.chainPrefix}-all-${hash}`;
}

function memberSet(groupId: SecurityGroupId): string {
  return `members-${checkedId(groupId)}`;
}

function checkedId(groupId: string): string {
  if (!/^sg-[0-9a-f]{8,17}$/.test(groupId))
    throw new NetworkInputError(`'${groupId}' is not a security group id`);
  return groupId;
}

function referencedGroups(policy: NetworkPolicy): Set<SecurityGroupId> {
  const peers = policy.groups.flatMap((group) => group.rules.map((rule) => rule.peer));
  return new Set(peers.flatMap((peer) => (peer.kind === 'group' ? [peer.groupId] : [])));
}

function sorted(groupIds: readonly SecurityGroupId[]): SecurityGroupId[] {
  return [...new Set(groupIds)].sort();
}

/** A rule as nft lines; none when no IPv4 packet can match it. */
function ruleLines(rule: PacketRule, side: Side, hostAddress: string): string[] {
  const service = serviceMatch(rule);
  if (service === undefined) return [];
  return peerMatches(rule, side, hostAddress).map((peer) =>
    [service, peer, side.pass].filter((part) => part !== '').join(' '),
  );
}

/** To the rules, connections from the host come from 127.0.0.1, whatever address the link gives them. */
function peerMatches(rule: PacketRule, side: Side, hostAddress: string): string[] {
  const { peer } = rule;
  if (peer.kind === 'group') return [`${side.peer} @${memberSet(peer.groupId)}`];
  if (peer.cidr.includes(':')) return [];
  const cidr = parseCidr(peer.cidr);
  if (cidr === undefined)
    throw new NetworkInputError(`a rule cannot have the range '${peer.cidr}'`);
  if (cidr.prefix === 0) return [''];
  const host = rule.direction === 'ingress' && cidrContains(cidr, parseIp('127.0.0.1') ?? 0);
  return [`${side.peer} ${formatCidr(cidr)}`, ...(host ? [`${side.peer} ${hostAddress}`] : [])];
}

const protocolNames: Readonly<Record<string, string>> = { '1': 'icmp', '6': 'tcp', '17': 'udp' };

/** Undefined for a protocol that never occurs: ICMP of IPv6. */
function serviceMatch(rule: PacketRule): string | undefined {
  const protocol = protocolNames[rule.protocol] ?? rule.protocol;
  if (protocol === '-1') return '';
  if (protocol === 'icmpv6' || protocol === '58') return undefined;
  if (protocol === 'icmp') return icmpMatch(rule);
  if (protocol === 'tcp' || protocol === 'udp') return portMatch(protocol, rule);
  if (!/^\d{1,3}$/.test(protocol) || Number(protocol) > 255) {
    throw new NetworkInputError(`a rule cannot have the protocol '${rule.protocol}'`);
  }
  return `meta l4proto ${protocol}`;
}

function portMatch(protocol: string, rule: PacketRule): string {
  const { fromPort = -1, toPort = fromPort } = rule;
  const match = `meta l4proto ${protocol}`;
  if (fromPort === -1 || (fromPort === 0 && toPort === 65535)) return match;
  return `${match} ct original proto-dst ${range(fromPort, toPort, 65535)}`;
}

/** Conntrack keeps type and code in the place of ports. */
function icmpMatch(rule: PacketRule): string {
  const { fromPort: type = -1, toPort: code = -1 } = rule;
  if (type === -1) return 'meta l4proto icmp';
  const [first, last] = code === -1 ? [0, 255] : [code, code];
  const value = range(type * 256 + first, type * 256 + last, 65535);
  return `meta l4proto icmp ct original proto-dst ${value}`;
}

function range(first: number, last: number, max: number): string {
  const isValid = [first, last].every((value) => Number.isInteger(value) && value >= 0);
  if (!isValid || last > max || first > last) {
    throw new NetworkInputError(`a rule cannot have the range ${first} to ${last}`);
  }
  return first === last ? `${first}` : `${first}-${last}`;
}
