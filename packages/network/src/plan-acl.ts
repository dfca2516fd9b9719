import { formatCidr } from '@bakehouse/base';
import type { NetworkAclEntry } from '@bakehouse/domain';
import { checkedRange, numberRange, otherProtocolMatch, protocolName } from './plan-policy.ts';
import type { NftChain } from './ruleset.ts';

const addresses: Readonly<Record<NetworkAclEntry['direction'], string>> = {
  ingress: 'ip saddr',
  egress: 'ip daddr',
};

/** One direction of a subnet's access list: returns when the packet may pass. Throws NetworkInputError. */
export function aclChain(
  acl: readonly NetworkAclEntry[],
  direction: NetworkAclEntry['direction'],
): NftChain {
  const entries = acl
    .filter((entry) => entry.direction === direction)
    .toSorted((one, other) => one.ruleNumber - other.ruleNumber);
  return { rules: [...entries.flatMap(entryLines), 'drop'] };
}

/** None when no IPv4 packet can match it. */
function entryLines(entry: NetworkAclEntry): string[] {
  if (entry.cidr.includes(':')) return [];
  const service = serviceOf(entry);
  if (service === undefined) return [];
  const cidr = checkedRange(entry.cidr);
  const peer = cidr.prefix === 0 ? '' : `${addresses[entry.direction]} ${formatCidr(cidr)}`;
  return [[service, peer, entry.allow ? 'return' : 'drop'].filter((part) => part !== '').join(' ')];
}

function serviceOf(entry: NetworkAclEntry): string | undefined {
  const protocol = protocolName(entry.protocol);
  if (protocol === 'icmp') return icmpMatch(entry);
  if (protocol !== 'tcp' && protocol !== 'udp') return otherProtocolMatch(protocol);
  const { fromPort = -1, toPort = fromPort } = entry;
  if (fromPort === -1) return `meta l4proto ${protocol}`;
  return `${protocol} dport ${numberRange(fromPort, toPort, 65_535)}`;
}

function icmpMatch({ fromPort: type = -1, toPort: code = -1 }: NetworkAclEntry): string {
  if (type === -1) return 'meta l4proto icmp';
  const types = `icmp type ${numberRange(type, type, 255)}`;
  return code === -1 ? types : `${types} icmp code ${numberRange(code, code, 255)}`;
}
