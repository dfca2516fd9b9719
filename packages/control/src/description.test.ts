import { expect, test } from 'vitest';
import { launched } from './testing/launched.ts';

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
