import type { Ec2Input } from '@bakehouse/aws-model';
import { apiError, canonicalIpv6Cidr, type NetworkAclEntry } from '@bakehouse/domain';
import { requestedRange } from '../../network/requested-range.ts';
import { rulePorts, ruleProtocol } from '../../network/rule-protocol.ts';
import { oneOf } from '../../request/text.ts';

type Request = Ec2Input<'CreateNetworkAclEntry'>;

/** EC2: "a positive integer from 1 to 32766"; 32767 is the entry that denies the rest. */
const numbers = { min: 1, max: 32_766 };

/** The entry that a request names by its direction and number. */
export function requestedPlace({
  Egress: isEgress,
  RuleNumber: ruleNumber,
}: Pick<Request, 'Egress' | 'RuleNumber'>): Pick<NetworkAclEntry, 'direction' | 'ruleNumber'> {
  if (isEgress === undefined) throw apiError('MissingParameter', { parameter: 'egress' });
  if (!(ruleNumber >= numbers.min && ruleNumber <= numbers.max)) {
    throw apiError('InvalidParameterValue', {
      parameter: 'ruleNumber',
      value: ruleNumber,
      hint: `It must be from ${numbers.min} to ${numbers.max}.`,
    });
  }
  return { direction: isEgress ? 'egress' : 'ingress', ruleNumber };
}

function requestedCidr({ CidrBlock: ipv4, Ipv6CidrBlock: ipv6 }: Request): string {
  if (Boolean(ipv4) === Boolean(ipv6)) {
    throw apiError('InvalidParameterCombination', {
      place: 'The network ACL entry',
      oneOf: ['cidrBlock', 'ipv6CidrBlock'],
    });
  }
  if (!ipv6) return requestedRange('cidrBlock', ipv4);
  const canonical = canonicalIpv6Cidr(ipv6);
  if (canonical !== undefined) return canonical;
  throw apiError('InvalidParameterValue', { parameter: 'ipv6CidrBlock', value: ipv6 });
}

/** The entry that CreateNetworkAclEntry and ReplaceNetworkAclEntry ask for. */
export function requestedEntry(request: Request): NetworkAclEntry {
  const place = requestedPlace(request);
  const action = oneOf('ruleAction', request.RuleAction, ['allow', 'deny']);
  const protocol = ruleProtocol(request.Protocol);
  const { PortRange: ports, IcmpTypeCode: icmp } = request;
  const isIcmp = protocol === 'icmp' || protocol === 'icmpv6';
  const range = isIcmp
    ? { from: icmp?.Type, to: icmp?.Code }
    : { from: ports?.From, to: ports?.To };
  const traffic = { protocol, ...rulePorts(protocol, range) };
  return { ...place, allow: action === 'allow', ...traffic, cidr: requestedCidr(request) };
}

/** Whether two entries have the same direction and number. */
export const isSamePlace = (
  a: Pick<NetworkAclEntry, 'direction' | 'ruleNumber'>,
  b: Pick<NetworkAclEntry, 'direction' | 'ruleNumber'>,
): boolean => a.direction === b.direction && a.ruleNumber === b.ruleNumber;
