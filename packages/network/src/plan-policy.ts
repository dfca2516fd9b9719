import { createHash } from 'node:crypto';
import { type Cidr, cidrContains, formatCidr, parseCidr, parseIp } from '@bakehouse/base';
import type { PacketRule, SecurityGroupId } from '@bakehouse/domain';
import { NetworkInputError } from './network-errors.ts';
import type { NftChain, NftSet } from './ruleset.ts';
import type { TablePart } from './table-parts.ts';

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

/** A group as two nft chains, with the sets of the groups that its rules name. */
export function groupPart(
  groupId: SecurityGroupId,
  rules: readonly PacketRule[],
  hostAddress: string,
): TablePart {
  const chains: Record<string, NftChain> = {};
  for (const [direction, side] of Object.entries(sides)) {
    const mine = rules.filter((rule) => rule.direction === direction);
    const lines = mine.flatMap((rule) => ruleLines(rule, side, hostAddress));
    chains[chainName(side, [groupId])] = { rules: [...new Set(lines)] };
  }
  const named = rules.flatMap(({ peer }) => (peer.kind === 'group' ? [peer.groupId] : []));
  return {
    sets: Object.fromEntries(named.map((each) => [memberSet(each), membersOf([])])),
    chains,
  };
}

/**
 * A NIC's membership of its groups. A NIC without a group, or only in groups without rules, has no `accept`. NICs in
 * the same several groups share a chain that tries each of them.
 */
export function membershipPart(
  device: string,
  addresses: readonly string[],
  groups: readonly SecurityGroupId[],
): TablePart {
  const groupIds = [...new Set(groups)].sort();
  const verdict = (side: Side): NftSet => ({
    ...verdictsByPort,
    elements: groupIds.length === 0 ? [] : [`"${device}" : goto ${chainName(side, groupIds)}`],
  });
  return {
    sets: {
      ...Object.fromEntries(groupIds.map((each) => [memberSet(each), membersOf(addresses)])),
      egress: verdict(sides.egress),
      ingress: verdict(sides.ingress),
    },
    chains: groupIds.length < 2 ? {} : combinedChains(groupIds),
  };
}

export const verdictsByPort: NftSet = { kind: 'map', type: 'ifname : verdict', elements: [] };

function membersOf(elements: readonly string[]): NftSet {
  return { kind: 'set', type: 'ipv4_addr', elements };
}

function combinedChains(groupIds: readonly SecurityGroupId[]): Record<string, NftChain> {
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
  const cidr = checkedRange(peer.cidr);
  if (cidr.prefix === 0) return [''];
  const host = rule.direction === 'ingress' && cidrContains(cidr, parseIp('127.0.0.1') ?? 0);
  return [`${side.peer} ${formatCidr(cidr)}`, ...(host ? [`${side.peer} ${hostAddress}`] : [])];
}

const protocolNames: Readonly<Record<string, string>> = { '1': 'icmp', '6': 'tcp', '17': 'udp' };

/** Undefined for a protocol that never occurs: ICMP of IPv6. */
function serviceMatch(rule: PacketRule): string | undefined {
  const protocol = protocolName(rule.protocol);
  if (protocol === 'icmp') return icmpMatch(rule);
  if (protocol === 'tcp' || protocol === 'udp') return portMatch(protocol, rule);
  return otherProtocolMatch(protocol);
}

/** `icmp`, `tcp` and `udp` by their names, whichever way they are given. */
export function protocolName(protocol: string): string {
  return protocolNames[protocol] ?? protocol;
}

/** A protocol without ports. Undefined for one that never occurs: ICMP of IPv6. */
export function otherProtocolMatch(protocol: string): string | undefined {
  if (protocol === '-1') return '';
  if (protocol === 'icmpv6' || protocol === '58') return undefined;
  if (!/^\d{1,3}$/.test(protocol) || Number(protocol) > 255) {
    throw new NetworkInputError(`a rule cannot have the protocol '${protocol}'`);
  }
  return `meta l4proto ${protocol}`;
}

function portMatch(protocol: string, rule: PacketRule): string {
  const { fromPort = -1, toPort = fromPort } = rule;
  const match = `meta l4proto ${protocol}`;
  if (fromPort === -1 || (fromPort === 0 && toPort === 65535)) return match;
  return `${match} ct original proto-dst ${numberRange(fromPort, toPort, 65535)}`;
}

/** Conntrack keeps type and code in the place of ports. */
function icmpMatch(rule: PacketRule): string {
  const { fromPort: type = -1, toPort: code = -1 } = rule;
  if (type === -1) return 'meta l4proto icmp';
  const [first, last] = code === -1 ? [0, 255] : [code, code];
  const value = numberRange(type * 256 + first, type * 256 + last, 65535);
  return `meta l4proto icmp ct original proto-dst ${value}`;
}

/** Throws NetworkInputError for what is no IPv4 range. */
export function checkedRange(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new NetworkInputError(`a rule cannot have the range '${text}'`);
  return cidr;
}

/** As nft writes it. Throws NetworkInputError for what is no range of 0 to `max`. */
export function numberRange(first: number, last: number, max: number): string {
  const isValid = [first, last].every((value) => Number.isInteger(value) && value >= 0);
  if (!isValid || last > max || first > last) {
    throw new NetworkInputError(`a rule cannot have the range ${first} to ${last}`);
  }
  return first === last ? `${first}` : `${first}-${last}`;
}
