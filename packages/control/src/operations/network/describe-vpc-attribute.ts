import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';

/** As of every default VPC: names are given out and answered; usage metrics are not gathered. */
const attributes = {
  enableDnsHostnames: { EnableDnsHostnames: { Value: true } },
  enableDnsSupport: { EnableDnsSupport: { Value: true } },
  enableNetworkAddressUsageMetrics: { EnableNetworkAddressUsageMetrics: { Value: false } },
} as const;

export const describeVpcAttribute: Operation<'DescribeVpcAttribute'> = async (context, request) => {
  const { Attribute: name } = request;
  if (!Object.hasOwn(attributes, name)) {
    throw apiError('InvalidParameterValue', {
      message: `Value (${name}) for parameter attribute is invalid. Unknown attribute.`,
    });
  }
  const vpc = await context.read((reader) => ownedById(reader, context, 'vpc', request.VpcId));
  return { VpcId: vpc.id, ...attributes[name] };
};
