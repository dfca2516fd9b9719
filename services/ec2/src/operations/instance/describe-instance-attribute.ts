import type { Ec2Input, Ec2Output } from '@bakehouse/aws-model';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { unknownAttribute } from '../../request/refusals.ts';
import { groupViews, instanceView } from '../../views/instance.ts';
import { groupsOfInstance, type InstanceFacts, primaryNic } from '../../views/instance-facts.ts';
import { readInstanceFacts } from '../../views/reservation.ts';

export type AttributeName = NonNullable<Ec2Input<'DescribeInstanceAttribute'>['Attribute']>;
type Output = Ec2Output<'DescribeInstanceAttribute'>;

const valued = (value: string | undefined) => (value === undefined ? {} : { Value: value });

/** The reply for each attribute. */
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
  groupSet: (facts) => ({ Groups: groupViews(groupsOfInstance(facts)) }),
  instanceInitiatedShutdownBehavior: ({ instance }) => ({
    InstanceInitiatedShutdownBehavior: { Value: instance.shutdownBehavior },
  }),
  instanceType: ({ instance }) => ({ InstanceType: { Value: instance.instanceType } }),
  kernel: ({ instance }) => ({ KernelId: valued(instance.boot.kernelId) }),
  productCodes: () => ({ ProductCodes: [] }),
  ramdisk: ({ instance }) => ({ RamdiskId: valued(instance.boot.ramdiskId) }),
  rootDeviceName: ({ instance }) => ({ RootDeviceName: { Value: instance.root.deviceName } }),
  sourceDestCheck: (facts) => ({
    SourceDestCheck: { Value: primaryNic(facts)?.sourceDestCheck ?? true },
  }),
  sriovNetSupport: ({ instance }) => ({ SriovNetSupport: valued(instance.sriovNetSupport) }),
  userData: ({ instance }) => ({ UserData: valued(instance.userDataBase64) }),
};

/** Throws unless the text names an attribute. */
function checkAttributeName(name: string): asserts name is AttributeName {
  if (Object.hasOwn(attributes, name)) return;
  throw unknownAttribute(name, Object.keys(attributes));
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
