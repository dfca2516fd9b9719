import type { Ec2Input, Ec2Output } from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { groupViews, type InstanceFacts, instanceView } from '../../views/instance.ts';
import { readInstanceFacts } from '../../views/reservation.ts';

export type AttributeName = NonNullable<Ec2Input<'DescribeInstanceAttribute'>['Attribute']>;
type Output = Ec2Output<'DescribeInstanceAttribute'>;

const valued = (value: string | undefined) => (value === undefined ? {} : { Value: value });

/** What each attribute answers. */
const attributes: Record<AttributeName, (facts: InstanceFacts) => Omit<Output, '$metadata'>> = {
  blockDeviceMapping: (facts) => ({
    BlockDeviceMappings: instanceView(facts).BlockDeviceMappings ?? [],
  }),
  disableApiStop: ({ instance }) => ({ DisableApiStop: { Value: instance.disableApiStop } }),
  disableApiTermination: ({ instance }) => ({
    DisableApiTermination: { Value: instance.disableApiTermination },
  }),
  ebsOptimized: ({ instance }) => ({ EbsOptimized: { Value: instance.ebsOptimized } }),
  enaSupport: ({ instance }) => ({ EnaSupport: { Value: instance.enaSupport } }),
  enclaveOptions: () => ({ EnclaveOptions: { Enabled: false } }),
  groupSet: ({ groups }) => ({ Groups: groupViews(groups) }),
  instanceInitiatedShutdownBehavior: ({ instance }) => ({
    InstanceInitiatedShutdownBehavior: { Value: instance.shutdownBehavior },
  }),
  instanceType: ({ instance }) => ({ InstanceType: { Value: instance.instanceType } }),
  kernel: ({ instance }) => ({ KernelId: valued(instance.kernelId) }),
  productCodes: () => ({ ProductCodes: [] }),
  ramdisk: ({ instance }) => ({ RamdiskId: valued(instance.ramdiskId) }),
  rootDeviceName: ({ instance }) => ({ RootDeviceName: { Value: instance.rootDeviceName } }),
  sourceDestCheck: ({ nic }) => ({ SourceDestCheck: { Value: nic?.sourceDestCheck ?? true } }),
  sriovNetSupport: ({ instance }) => ({ SriovNetSupport: valued(instance.sriovNetSupport) }),
  userData: ({ instance }) => ({ UserData: valued(instance.userDataBase64) }),
};

/** Throws unless the text names an attribute. */
export function checkAttributeName(name: string): asserts name is AttributeName {
  if (Object.hasOwn(attributes, name)) return;
  throw apiError('InvalidParameterValue', {
    message: `Value (${name}) for parameter attribute is invalid. Unknown attribute.`,
  });
}

/** One attribute of an instance. */
export const describeInstanceAttribute: Operation<'DescribeInstanceAttribute'> = async (
  context,
  request,
) => {
  const name: string = request.Attribute;
  checkAttributeName(name);
  return await context.read(async (reader) => {
    const instance = await ownedById(reader, context, 'instance', request.InstanceId);
    const facts = await readInstanceFacts(reader, instance);
    return { InstanceId: instance.id, ...attributes[name](facts) };
  });
};
