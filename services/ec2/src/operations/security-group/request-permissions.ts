import { apiError } from '@bakehouse/domain';
import type { Permission } from './rule-request.ts';

/** The two ways in which requests give rules: a list, or one rule in members of the request's own. */
export interface RuleParameters {
  readonly IpPermissions?: Permission[] | undefined;
  readonly IpProtocol?: string | undefined;
  readonly FromPort?: number | undefined;
  readonly ToPort?: number | undefined;
  readonly CidrIp?: string | undefined;
  readonly SourceSecurityGroupName?: string | undefined;
  readonly SourceSecurityGroupOwnerId?: string | undefined;
}

const flatMembers = [
  'IpProtocol',
  'FromPort',
  'ToPort',
  'CidrIp',
  'SourceSecurityGroupName',
  'SourceSecurityGroupOwnerId',
] as const;

/** A source group without a protocol means all of TCP, UDP and ICMP ("SourceSecurityGroupName"). */
const everything = [
  { IpProtocol: 'tcp', FromPort: 0, ToPort: 65_535 },
  { IpProtocol: 'udp', FromPort: 0, ToPort: 65_535 },
  { IpProtocol: 'icmp', FromPort: -1, ToPort: -1 },
];

function flatPermissions(request: RuleParameters): readonly Permission[] {
  const { IpProtocol, FromPort, ToPort, CidrIp, SourceSecurityGroupName } = request;
  if (SourceSecurityGroupName !== undefined && CidrIp !== undefined) {
    throw apiError('InvalidParameterCombination', {
      message: 'The parameters SourceSecurityGroupName and CidrIp cannot be used together',
    });
  }
  if (SourceSecurityGroupName === undefined) {
    const IpRanges = CidrIp === undefined ? [] : [{ CidrIp }];
    return [{ IpProtocol, FromPort, ToPort, IpRanges }];
  }
  const pair = { GroupName: SourceSecurityGroupName, UserId: request.SourceSecurityGroupOwnerId };
  const traffic = IpProtocol === undefined ? everything : [{ IpProtocol, FromPort, ToPort }];
  return traffic.map((each) => ({ ...each, UserIdGroupPairs: [pair] }));
}

/** What the request asks for as permissions, or undefined when it names none. */
export function requestPermissions(request: RuleParameters): readonly Permission[] | undefined {
  const isFlat = flatMembers.some((member) => request[member] !== undefined);
  const listed = request.IpPermissions;
  if (listed?.length && isFlat) {
    throw apiError('InvalidParameterCombination', {
      message: 'The parameter ipPermissions may not be used with other rule parameters',
    });
  }
  if (listed?.length) return listed;
  return isFlat ? flatPermissions(request) : undefined;
}

/** EC2 takes egress rules as permissions only. */
export function refuseFlatMembers(request: RuleParameters): void {
  const named = flatMembers.find((member) => request[member] !== undefined);
  if (named === undefined) return;
  throw apiError('InvalidParameterCombination', {
    message: `The parameter ${named} is not supported for egress rules; use IpPermissions`,
  });
}
