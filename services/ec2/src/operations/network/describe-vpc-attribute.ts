import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { unknownAttribute } from '../../request/refusals.ts';

/** As every default VPC has it: DNS names and DNS on, usage metrics off. */
const attributes = {
  enableDnsHostnames: { EnableDnsHostnames: { Value: true } },
  enableDnsSupport: { EnableDnsSupport: { Value: true } },
  enableNetworkAddressUsageMetrics: { EnableNetworkAddressUsageMetrics: { Value: false } },
} as const;

export const describeVpcAttribute: Operation<'DescribeVpcAttribute'> = async (context, request) => {
  const { Attribute: name } = request;
  if (!Object.hasOwn(attributes, name)) {
    throw unknownAttribute(name, Object.keys(attributes));
  }
  const vpc = await context.read((reader) => ownedById(reader, context, 'vpc', request.VpcId));
  return { VpcId: vpc.id, ...attributes[name] };
};
