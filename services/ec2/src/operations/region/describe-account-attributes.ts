import { apiError } from '@bakehouse/domain';
import { findDefaultVpc, groupsPerInterfaceMax } from '../../network/groups.ts';
import type { Operation } from '../../operation.ts';

/** EC2: "no longer supported. The returned value does not reflect your actual limit." */
const maxInstances = '20';

export const describeAccountAttributes: Operation<'DescribeAccountAttributes'> = async (
  context,
  request,
) => {
  const vpc = await context.read((reader) => findDefaultVpc(reader, context));
  const attributes: Readonly<Record<string, string>> = {
    'supported-platforms': 'VPC',
    'default-vpc': vpc?.id ?? 'none',
    'max-instances': maxInstances,
    'vpc-max-security-groups-per-interface': String(groupsPerInterfaceMax),
    // There are no Elastic IP addresses here.
    'max-elastic-ips': '0',
    'vpc-max-elastic-ips': '0',
  };
  const names: readonly string[] = request.AttributeNames ?? [];
  const unknown = names.find((name) => !Object.hasOwn(attributes, name));
  if (unknown !== undefined) {
    throw apiError('InvalidParameterValue', {
      parameter: 'attributeName',
      value: unknown,
      hint: 'Unknown account attribute.',
    });
  }
  return {
    AccountAttributes: Object.entries(attributes)
      .filter(([name]) => names.length === 0 || names.includes(name))
      .map(([name, value]) => ({
        AttributeName: name,
        AttributeValues: [{ AttributeValue: value }],
      })),
  };
};
