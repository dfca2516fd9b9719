import type * as Ec2 from '@bakehouse/aws-model';
import type { MetadataReader, NetworkAcl, NetworkAclEntry, Subnet } from '@bakehouse/domain';
import { protocolNumber } from '../network/rule-protocol.ts';
import { tagsView } from '../request/tags.ts';

export type NetworkAclView = NonNullable<
  Ec2.Ec2Output<'DescribeNetworkAcls'>['NetworkAcls']
>[number];
type EntryView = NonNullable<NetworkAclView['Entries']>[number];

/** A network ACL with the subnets that it filters for. */
export interface NetworkAclFacts {
  readonly acl: NetworkAcl;
  readonly subnets: readonly Subnet[];
}

export async function readNetworkAclFacts(
  reader: MetadataReader,
  acl: NetworkAcl,
): Promise<NetworkAclFacts> {
  return { acl, subnets: await reader.list('subnet', { where: { networkAcl: [acl.id] } }) };
}

/** EC2 shows what no other entry matches as an entry of this number, shown in the console as `*`. */
const lastNumber = 32_767;
const lastEntry = (direction: NetworkAclEntry['direction']): NetworkAclEntry => ({
  direction,
  ruleNumber: lastNumber,
  allow: false,
  protocol: '-1',
  cidr: '0.0.0.0/0',
});

/** All entries in the order in which EC2 shows them: egress first, each direction as it is evaluated. */
export function shownEntries({ entries }: NetworkAcl): readonly NetworkAclEntry[] {
  return (['egress', 'ingress'] as const).flatMap((direction) =>
    [...entries.filter((entry) => entry.direction === direction), lastEntry(direction)].sort(
      (a, b) => a.ruleNumber - b.ruleNumber,
    ),
  );
}

export const isIcmp = ({ protocol }: NetworkAclEntry) =>
  protocol === 'icmp' || protocol === 'icmpv6';

function portsView(entry: NetworkAclEntry): Pick<EntryView, 'IcmpTypeCode' | 'PortRange'> {
  const { fromPort, toPort } = entry;
  if (fromPort === undefined || toPort === undefined) return {};
  return isIcmp(entry)
    ? { IcmpTypeCode: { Type: fromPort, Code: toPort } }
    : { PortRange: { From: fromPort, To: toPort } };
}

function entryView(entry: NetworkAclEntry): EntryView {
  const { direction, ruleNumber, allow, protocol, cidr } = entry;
  return {
    ...(cidr.includes(':') ? { Ipv6CidrBlock: cidr } : { CidrBlock: cidr }),
    Egress: direction === 'egress',
    ...portsView(entry),
    Protocol: protocolNumber(protocol),
    RuleAction: allow ? 'allow' : 'deny',
    RuleNumber: ruleNumber,
  };
}

/** The official shape of a network ACL. */
export function networkAclView({ acl, subnets }: NetworkAclFacts): NetworkAclView {
  return {
    OwnerId: acl.ownerId,
    Tags: tagsView(acl.tags),
    Associations: subnets.map(({ id, networkAcl }) => ({
      NetworkAclAssociationId: networkAcl.associationId,
      NetworkAclId: networkAcl.networkAclId,
      SubnetId: id,
    })),
    Entries: shownEntries(acl).map(entryView),
    IsDefault: acl.isDefault,
    NetworkAclId: acl.id,
    VpcId: acl.vpcId,
  };
}
