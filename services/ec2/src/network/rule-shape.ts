import type { RulePeer, SecurityGroupRule } from '@bakehouse/domain';

/** What a rule permits: the rule without its id, group and description. */
export type RuleShape = Pick<
  SecurityGroupRule,
  'direction' | 'protocol' | 'fromPort' | 'toPort' | 'peer'
>;

/** The peer as text: a range, or the id of a group or a prefix list. */
function peerText(peer: RulePeer): string {
  if (peer.kind === 'group') return peer.groupId;
  return peer.kind === 'prefix-list' ? peer.prefixListId : peer.cidr;
}

/** Equal for rules that permit the same; EC2 allows each of them once in a group. */
export function ruleKey({ direction, protocol, fromPort, toPort, peer }: RuleShape): string {
  return [direction, protocol, fromPort, toPort, peerText(peer)].join(' ');
}

const orAll = (number: number | undefined) =>
  number === undefined || number === -1 ? 'ALL' : String(number);

function trafficWords({ protocol, fromPort, toPort }: RuleShape): string {
  if (protocol === '-1') return 'ALL';
  if (protocol === 'tcp' || protocol === 'udp') {
    return `${protocol.toUpperCase()}, from port: ${fromPort}, to port: ${toPort}`;
  }
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    return `${protocol.toUpperCase()}, type: ${orAll(fromPort)}, code: ${orAll(toPort)}`;
  }
  return `protocol: ${protocol}`;
}

/** `peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW`, as EC2 words rules in errors. */
export function ruleWords(rule: RuleShape): string {
  return `peer: ${peerText(rule.peer)}, ${trafficWords(rule)}, ALLOW`;
}
