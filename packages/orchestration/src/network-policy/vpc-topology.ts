import type { AclEntry, MetadataReader, VpcId, VpcTopology } from '@bakehouse/domain';

const everywhere = '0.0.0.0/0';

/** The entries of a network ACL as EC2 creates it with a VPC. */
const allowAll: readonly AclEntry[] = (['ingress', 'egress'] as const).map((direction) => ({
  direction,
  ruleNumber: 100,
  allow: true,
  protocol: '-1',
  cidr: everywhere,
}));

/** A VPC as the network makes it; undefined when it has no record. */
export async function vpcTopology(
  reader: MetadataReader,
  vpcId: VpcId,
): Promise<VpcTopology | undefined> {
  const vpc = await reader.get('vpc', vpcId);
  if (vpc === undefined) return undefined;
  const subnets = await reader.list('subnet', { where: { vpc: [vpcId] } });
  const routes = [{ destination: everywhere, target: { kind: 'internet' } as const }];
  return {
    vpcId,
    cidrs: [vpc.cidr],
    hasInternetGateway: true,
    dnsSupport: true,
    dhcp: {},
    subnets: subnets.map(({ id, cidr }) => ({ subnetId: id, cidr, routes, acl: allowAll })),
    natGateways: [],
  };
}
