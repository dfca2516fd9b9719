import type { AddedRecord, EarlierRecord, RecordMigration } from './record-migration.ts';

/** What a VPC had before: every part once, without a record, and the tags of the parts by their ids. */
interface EarlierVpc extends EarlierRecord {
  readonly ownerId?: unknown;
  readonly region?: string;
  readonly createdAt?: unknown;
  readonly internetGatewayId?: string;
  readonly mainRouteTableId?: string;
  readonly partTags?: Readonly<Record<string, unknown>>;
}

const suffix = (id: unknown) => String(id).slice(String(id).lastIndexOf('-') + 1);

/** The ids of the parts that clients have seen; they derived from the VPC's. */
const idsOf = (vpc: EarlierVpc) => ({
  internetGatewayId: String(vpc.internetGatewayId),
  routeTableId: String(vpc.mainRouteTableId),
  networkAclId: `acl-${suffix(vpc.id)}`,
  dhcpOptionsId: `dopt-${suffix(vpc.id)}`,
});

const convertedVpc = (vpc: EarlierVpc): EarlierRecord => {
  const { internetGatewayId: _, mainRouteTableId: __, partTags: ___, ...rest } = vpc;
  const { routeTableId, dhcpOptionsId } = idsOf(vpc);
  return {
    ...rest,
    cidrAssociationId: `vpc-cidr-assoc-${suffix(vpc.id)}`,
    dhcpOptionsId,
    mainRouteTable: { routeTableId, associationId: `rtbassoc-${suffix(vpc.id)}` },
    dnsSupport: true,
    dnsHostnames: true,
  };
};

const convertedSubnet = (subnet: EarlierRecord): EarlierRecord => ({
  ...subnet,
  networkAcl: {
    networkAclId: `acl-${suffix(subnet.vpcId)}`,
    associationId: `aclassoc-${suffix(subnet.id)}`,
  },
});

const everything = { ruleNumber: 100, allow: true, protocol: '-1', cidr: '0.0.0.0/0' };

/** The name that guests got by DHCP when the options had no record. */
const domainOf = (region: string | undefined) =>
  region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;

function partsOf(vpc: EarlierVpc): readonly AddedRecord[] {
  const { ownerId, region, createdAt, partTags = {} } = vpc;
  const ids = idsOf(vpc);
  const common = (id: string) => ({ id, ownerId, region, createdAt, tags: partTags[id] ?? {} });
  const target = { kind: 'internet-gateway', id: ids.internetGatewayId };
  return [
    {
      kind: 'internetGateway',
      record: { ...common(ids.internetGatewayId), vpcId: vpc.id },
    },
    {
      kind: 'routeTable',
      record: {
        ...common(ids.routeTableId),
        vpcId: vpc.id,
        routes: [{ destination: '0.0.0.0/0', target }],
      },
    },
    {
      kind: 'networkAcl',
      record: {
        ...common(ids.networkAclId),
        vpcId: vpc.id,
        isDefault: true,
        entries: [
          { direction: 'ingress', ...everything },
          { direction: 'egress', ...everything },
        ],
      },
    },
    {
      kind: 'dhcpOptions',
      record: {
        ...common(ids.dhcpOptionsId),
        isDefault: true,
        options: [
          { key: 'domain-name', values: [domainOf(region)] },
          { key: 'domain-name-servers', values: ['AmazonProvidedDNS'] },
        ],
      },
    },
  ];
}

/**
 * Internet gateway, main route table, network ACL and DHCP options of a VPC get records of their own, with the ids and the
 * tags that clients know; VPCs and subnets name them.
 */
export const partsOfVpcs: RecordMigration = {
  name: 'parts of VPCs',
  lookUpKinds: ['vpc'],
  converter: () => (kind, record) => {
    if (kind === 'vpc' && 'internetGatewayId' in record) return convertedVpc(record);
    return kind === 'subnet' && !('networkAcl' in record) ? convertedSubnet(record) : record;
  },
  added: (recordsOf) => recordsOf('vpc').flatMap(partsOf),
};
