import { volumeTypes } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import type { OperationName } from '../operation.ts';
import { launched } from '../testing/launched.ts';

test('tags and descriptions have no control characters', async () => {
  const { call, instanceId } = await launched();
  const tag = (Key: string, Value: string) =>
    call('CreateTags', { Resources: [instanceId], Tags: [{ Key, Value }] });
  const refused = (character: string) => ({
    code: 'InvalidParameterValue',
    message: expect.stringContaining(character),
  });
  await expect(tag('a\0b', '')).rejects.toMatchObject(refused('U+0000'));
  await expect(tag('a', '\u001b[31m')).rejects.toMatchObject(refused('U+001B'));
  await expect(tag('a', '\ud800')).rejects.toMatchObject(refused('U+D800'));
  await tag('schlüssel 🔑', 'two\nlines\tand a tab');
  const image = { InstanceId: instanceId, Name: 'an image', Description: 'bell \u0007' };
  await expect(call('CreateImage', image)).rejects.toMatchObject(refused('U+0007'));
});

test('a description has at most 255 characters, whatever it describes', async () => {
  const { call, instanceId, addImage, settle } = await launched();
  await settle();
  const Description = 'x'.repeat(256);
  const image = await addImage();
  const { Volumes = [] } = await call('DescribeVolumes', {});
  const VolumeId = Volumes[0]?.VolumeId ?? '';
  const InstanceSpecification = { InstanceId: instanceId };
  const NetworkInterfaces = [{ DeviceIndex: 0, Description }];
  const one = { ImageId: image.id, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 } as const;
  const LaunchTemplateData = { ImageId: image.id };
  const template = { LaunchTemplateName: 'web', VersionDescription: Description };
  const mapping = { DeviceName: '/dev/sda1', Ebs: { VolumeSize: 1 } };
  for (const refused of [
    () => call('CreateSnapshot', { VolumeId, Description }),
    () => call('CreateSnapshots', { InstanceSpecification, Description }),
    () => call('CreateImage', { InstanceId: instanceId, Name: 'one', Description }),
    () => call('RegisterImage', { Name: 'two', BlockDeviceMappings: [mapping], Description }),
    () => call('ModifyImageAttribute', { ImageId: image.id, Description: { Value: Description } }),
    () => call('RunInstances', { ...one, NetworkInterfaces }),
    () => call('CreateLaunchTemplate', { ...template, LaunchTemplateData }),
  ]) {
    await expect(refused(), String(refused)).rejects.toMatchObject({
      code: 'InvalidParameterValue',
      message: 'The description has 256 characters; it must have at most 255',
    });
  }
  const made = await call('CreateSnapshot', { VolumeId, Description: 'x'.repeat(255) });
  expect(made.Description).toHaveLength(255);
});

interface Named {
  readonly image: string;
  readonly instance: string;
}

const one = { InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
const device = (VolumeType: string) => [
  { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 1, VolumeType } },
];

test.each<[OperationName, string, string, (named: Named) => object]>([
  [
    'RunInstances',
    'volumeType',
    volumeTypes.join(', '),
    ({ image }) => ({ ...one, ImageId: image, BlockDeviceMappings: device('odd') }),
  ],
  [
    'RunInstances',
    'instanceInitiatedShutdownBehavior',
    'stop, terminate',
    ({ image }) => ({ ...one, ImageId: image, InstanceInitiatedShutdownBehavior: 'odd' }),
  ],
  [
    'RunInstances',
    'CpuCredits',
    'standard, unlimited',
    ({ image }) => ({ ...one, ImageId: image, CreditSpecification: { CpuCredits: 'odd' } }),
  ],
  [
    'ModifyInstanceAttribute',
    'sriovNetSupport',
    'simple',
    ({ instance }) => ({ InstanceId: instance, SriovNetSupport: { Value: 'odd' } }),
  ],
  [
    'CreateSnapshots',
    'copyTagsFromSource',
    'volume',
    ({ instance }) => ({
      InstanceSpecification: { InstanceId: instance },
      CopyTagsFromSource: 'odd',
    }),
  ],
])(
  '%s refuses another %s with the values that it takes',
  async (name, parameter, values, request) => {
    const { callUntyped, addImage, instanceId: instance } = await launched({}, 'stopped');
    const { id: image } = await addImage();
    await expect(callUntyped(name, request({ image, instance }))).rejects.toMatchObject({
      code: 'InvalidParameterValue',
      message: expect.stringContaining(
        `Value (odd) for parameter ${parameter} is invalid. Expecting one of: ${values}`,
      ),
    });
  },
);
