import type { TestContext } from './test-context.ts';

/** A VPC with one subnet, as its user makes it. */
export interface MadeNetwork {
  readonly VpcId: string;
  readonly SubnetId: string;
}

export async function makeVpc({ call }: TestContext, CidrBlock = '10.0.0.0/16'): Promise<string> {
  return (await call('CreateVpc', { CidrBlock })).Vpc?.VpcId ?? '';
}

export async function makeSubnet(
  { call }: TestContext,
  VpcId: string,
  CidrBlock = '10.0.1.0/24',
): Promise<string> {
  return (await call('CreateSubnet', { VpcId, CidrBlock })).Subnet?.SubnetId ?? '';
}

export async function makeNetwork(context: TestContext): Promise<MadeNetwork> {
  const VpcId = await makeVpc(context);
  return { VpcId, SubnetId: await makeSubnet(context, VpcId) };
}

export async function makeGateway({ call }: TestContext, VpcId?: string): Promise<string> {
  const { InternetGateway } = await call('CreateInternetGateway', {});
  const InternetGatewayId = InternetGateway?.InternetGatewayId ?? '';
  if (VpcId) await call('AttachInternetGateway', { InternetGatewayId, VpcId });
  return InternetGatewayId;
}

export async function makeRouteTable({ call }: TestContext, VpcId: string): Promise<string> {
  return (await call('CreateRouteTable', { VpcId })).RouteTable?.RouteTableId ?? '';
}

/** An instance in a subnet, running. */
export async function launchIn(context: TestContext, SubnetId: string): Promise<string> {
  const { id: ImageId } = await context.addImage();
  const request = {
    ImageId,
    SubnetId,
    MinCount: 1,
    MaxCount: 1,
    InstanceType: 't3.micro',
  } as const;
  const { Instances } = await context.call('RunInstances', request);
  await context.settle();
  return Instances?.[0]?.InstanceId ?? '';
}

/** The default VPC of the caller's region. */
export async function defaultVpc({ call }: TestContext): Promise<string> {
  const Filters = [{ Name: 'is-default', Values: ['true'] }];
  return (await call('DescribeVpcs', { Filters })).Vpcs?.[0]?.VpcId ?? '';
}
