import type { Ec2Output } from '@bakehouse/aws-model';
import type { Vpc } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { unknownAttribute } from '../../request/refusals.ts';

type Output = Ec2Output<'DescribeVpcAttribute'>;

const attributes = {
  enableDnsHostnames: ({ dnsHostnames }: Vpc): Output => ({
    EnableDnsHostnames: { Value: dnsHostnames },
  }),
  enableDnsSupport: ({ dnsSupport }: Vpc): Output => ({ EnableDnsSupport: { Value: dnsSupport } }),
  /** They are metrics of CloudWatch, which does not exist here: always off. */
  enableNetworkAddressUsageMetrics: (): Output => ({
    EnableNetworkAddressUsageMetrics: { Value: false },
  }),
} as const;

export const describeVpcAttribute: Operation<'DescribeVpcAttribute'> = async (context, request) => {
  const { Attribute: name } = request;
  if (!Object.hasOwn(attributes, name)) {
    throw unknownAttribute(name, Object.keys(attributes));
  }
  const vpc = await context.read((reader) => ownedById(reader, context, 'vpc', request.VpcId));
  return { VpcId: vpc.id, ...attributes[name](vpc) };
};
