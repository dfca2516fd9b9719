import type * as Ec2 from '@bakehouse/aws-model';
import {
  apiError,
  canonicalIpv4Cidr,
  canonicalIpv6Cidr,
  type MetadataReader,
  type RulePeer,
  type SecurityGroup,
  type SecurityGroupRule,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { ownedById } from '../../lookup/lookups.ts';
import { defaultVpcGroup, findGroupInVpc } from '../../network/groups.ts';
import { rulePorts, ruleProtocol } from '../../network/rule-protocol.ts';
import { type RuleShape, ruleKey } from '../../network/rule-shape.ts';
import { ruleDescription } from './group-words.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;
type Direction = SecurityGroupRule['direction'];
export type Permission = NonNullable<
  Ec2.Ec2Input<'AuthorizeSecurityGroupIngress'>['IpPermissions']
>[number];
type GroupPair = NonNullable<Permission['UserIdGroupPairs']>[number];

/** A rule that a request asks for. */
export interface AskedRule extends RuleShape {
  readonly description?: string;
}

/** The group that is changed, and what its VPC and caller are. */
export interface RuleTarget {
  readonly reader: MetadataReader;
  readonly scope: Scope;
  readonly group: SecurityGroup;
  readonly direction: Direction;
}

interface AskedPeer {
  readonly peer: RulePeer;
  readonly description?: string;
}

const malformed = (cidr: string) =>
  apiError('InvalidParameterValue', { message: `CIDR block ${cidr} is malformed` });

export function ipv4Peer(cidr: string): RulePeer {
  const canonical = canonicalIpv4Cidr(cidr);
  if (canonical === undefined) throw malformed(cidr);
  return { kind: 'cidr-ipv4', cidr: canonical };
}

export function ipv6Peer(cidr: string): RulePeer {
  const canonical = canonicalIpv6Cidr(cidr);
  if (canonical === undefined) throw malformed(cidr);
  return { kind: 'cidr-ipv6', cidr: canonical };
}

async function pairGroup(
  { reader, scope, group }: RuleTarget,
  { GroupId: id, GroupName: name }: GroupPair,
): Promise<SecurityGroup> {
  if (id) return await ownedById(reader, scope, 'securityGroup', id);
  if (!name) throw apiError('MissingParameter', { parameter: 'groupId' });
  const near = await findGroupInVpc(reader, group.vpcId, name);
  return near ?? (await defaultVpcGroup(reader, scope, name));
}

/** Groups of other accounts could only be reached by a VPC peering connection, and there are none. */
export async function groupPeer(target: RuleTarget, pair: GroupPair): Promise<RulePeer> {
  const { scope, group } = target;
  if (pair.VpcPeeringConnectionId) {
    throw apiError('UnsupportedOperation', {
      message: 'VPC peering connections are not supported on this platform',
    });
  }
  if (pair.UserId && pair.UserId !== scope.accountId) {
    throw apiError('InvalidGroup.NotFound', { id: pair.GroupId ?? pair.GroupName ?? '' });
  }
  const found = await pairGroup(target, pair);
  if (found.vpcId !== group.vpcId) {
    throw apiError('InvalidGroup.NotFound', {
      message: 'You have specified two resources that belong to different networks.',
    });
  }
  return { kind: 'group', groupId: found.id, accountId: found.ownerId };
}

export async function prefixListPeer(
  { reader, scope }: RuleTarget,
  id: string | undefined,
): Promise<RulePeer> {
  const { id: prefixListId } = await ownedById(reader, scope, 'prefixList', id);
  return { kind: 'prefix-list', prefixListId };
}

async function peersOf(target: RuleTarget, permission: Permission): Promise<AskedPeer[]> {
  const { IpRanges = [], Ipv6Ranges = [], UserIdGroupPairs = [], PrefixListIds = [] } = permission;
  const peers: AskedPeer[] = [];
  for (const { CidrIp: cidr = '', Description } of IpRanges) {
    peers.push({ peer: ipv4Peer(cidr), ...ruleDescription(Description) });
  }
  for (const { CidrIpv6: cidr = '', Description } of Ipv6Ranges) {
    peers.push({ peer: ipv6Peer(cidr), ...ruleDescription(Description) });
  }
  for (const pair of UserIdGroupPairs) {
    peers.push({ peer: await groupPeer(target, pair), ...ruleDescription(pair.Description) });
  }
  for (const { PrefixListId: id, Description } of PrefixListIds) {
    peers.push({ peer: await prefixListPeer(target, id), ...ruleDescription(Description) });
  }
  return peers;
}

/** The rules that permissions mean, one for each peer, in their order; each may be named once. */
export async function askedRules(
  target: RuleTarget,
  permissions: readonly Permission[],
): Promise<readonly AskedRule[]> {
  const rules: AskedRule[] = [];
  const keys = new Set<string>();
  for (const permission of permissions) {
    const protocol = ruleProtocol(permission.IpProtocol);
    const ports = rulePorts(protocol, { from: permission.FromPort, to: permission.ToPort });
    const peers = await peersOf(target, permission);
    if (peers.length === 0) {
      throw apiError('MissingParameter', {
        message: 'Missing source specification: include source security group or CIDR information',
      });
    }
    for (const peer of peers) {
      const rule = { direction: target.direction, protocol, ...ports, ...peer };
      const key = ruleKey(rule);
      if (keys.has(key)) {
        throw apiError('InvalidParameterValue', {
          message: 'The same permission must not appear multiple times',
        });
      }
      keys.add(key);
      rules.push(rule);
    }
  }
  return rules;
}
