import type { AwsCli } from './aws-cli.ts';

/** What a VPC of these tests has, by the ids of its parts. All in one zone. */
export interface UserNetwork {
  readonly vpc: string;
  readonly gateway: string;
  readonly publicSubnet: string;
  readonly publicTable: string;
  readonly group: string;
}

export interface PrivateSide {
  readonly subnet: string;
  readonly table: string;
  readonly natGateway: string;
  /** The Elastic IP address of the NAT gateway. */
  readonly natAddress: PublicAddress;
}

export interface PublicAddress {
  readonly allocation: string;
  readonly ip: string;
}

const zone = 'us-east-1a';
export const anywhere = '0.0.0.0/0';
/** The range of every VPC here. */
const range = '10.0.0.0/16';

async function subnetWithTable(ec2: AwsCli, vpc: string, cidr: string) {
  const subnet = await ec2(
    ...['create-subnet', '--vpc-id', vpc, '--cidr-block', cidr, '--availability-zone', zone],
    ...['--query', 'Subnet.SubnetId'],
  );
  const table = await ec2(
    ...['create-route-table', '--vpc-id', vpc, '--query', 'RouteTable.RouteTableId'],
  );
  await ec2('associate-route-table', '--route-table-id', table, '--subnet-id', subnet);
  return { subnet, table };
}

/** A group that lets the host's ssh in, HTTP of everybody on port 8000, and everything of its own guests. */
async function openGroup(ec2: AwsCli, vpc: string): Promise<string> {
  const group = await ec2(
    ...['create-security-group', '--vpc-id', vpc, '--group-name', 'guests'],
    ...['--description', 'guests of a VPC', '--query', 'GroupId'],
  );
  const permissions = [
    { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '127.0.0.1/32' }] },
    { IpProtocol: 'tcp', FromPort: 8000, ToPort: 8000, IpRanges: [{ CidrIp: anywhere }] },
    { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: group }] },
  ];
  await ec2(
    ...['authorize-security-group-ingress', '--group-id', group],
    ...['--ip-permissions', JSON.stringify(permissions)],
  );
  return group;
}

/** A VPC with names and a public subnet, 10.0.1.0/24. */
export async function makeNetwork(ec2: AwsCli): Promise<UserNetwork> {
  const vpc = await ec2('create-vpc', '--cidr-block', range, '--query', 'Vpc.VpcId');
  await ec2('modify-vpc-attribute', '--vpc-id', vpc, '--enable-dns-hostnames');
  const gateway = await ec2(
    ...['create-internet-gateway', '--query', 'InternetGateway.InternetGatewayId'],
  );
  await ec2('attach-internet-gateway', '--internet-gateway-id', gateway, '--vpc-id', vpc);
  const { subnet, table } = await subnetWithTable(ec2, vpc, '10.0.1.0/24');
  await routeTo(ec2, table, '--gateway-id', gateway);
  const group = await openGroup(ec2, vpc);
  return { vpc, gateway, publicSubnet: subnet, publicTable: table, group };
}

/** The route to everything else. */
export const routeTo = (ec2: AwsCli, table: string, kind: string, target: string) =>
  ec2(
    ...['create-route', '--route-table-id', table, '--destination-cidr-block', anywhere],
    ...[kind, target],
  );

export async function allocate(ec2: AwsCli): Promise<PublicAddress> {
  const [allocation = '', ip = ''] = (
    await ec2('allocate-address', '--query', '[AllocationId,PublicIp]')
  ).split(/\s+/);
  return { allocation, ip };
}

/** A private subnet, 10.0.2.0/24, whose way out is a NAT gateway in the public one. */
export async function addPrivateSide(ec2: AwsCli, network: UserNetwork): Promise<PrivateSide> {
  const natAddress = await allocate(ec2);
  const natGateway = await ec2(
    ...['create-nat-gateway', '--subnet-id', network.publicSubnet],
    ...['--allocation-id', natAddress.allocation, '--query', 'NatGateway.NatGatewayId'],
  );
  const { subnet, table } = await subnetWithTable(ec2, network.vpc, '10.0.2.0/24');
  await ec2('wait', 'nat-gateway-available', '--nat-gateway-ids', natGateway);
  await routeTo(ec2, table, '--nat-gateway-id', natGateway);
  return { subnet, table, natGateway, natAddress };
}

/** The last steps: what other parts of the VPC need is deleted first. */
export async function deleteNetwork(
  ec2: AwsCli,
  { vpc, gateway, publicSubnet, publicTable, group }: UserNetwork,
): Promise<void> {
  await ec2('detach-internet-gateway', '--internet-gateway-id', gateway, '--vpc-id', vpc);
  await ec2('delete-internet-gateway', '--internet-gateway-id', gateway);
  await ec2('delete-subnet', '--subnet-id', publicSubnet);
  await ec2('delete-route-table', '--route-table-id', publicTable);
  await ec2('delete-security-group', '--group-id', group);
  await ec2('delete-vpc', '--vpc-id', vpc);
}
