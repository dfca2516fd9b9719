import { expect, test } from 'vitest';
import { testContext } from '../testing/test-context.ts';

const zone = { AvailabilityZone: 'us-east-1a' };

const tags = [{ ResourceType: 'volume' as const, Tags: [{ Key: 'a', Value: 'b' }] }];
const swapped = [{ Tags: [{ Value: 'b', Key: 'a' }], ResourceType: 'volume' as const }];

test('a repeat is known whatever the order of its parameters, and never with others', async () => {
  const { call } = await testContext();
  const token = { ClientToken: 'once' };
  const first = { ...zone, Size: 1, TagSpecifications: tags, ...token };
  const { VolumeId } = await call('CreateVolume', first);
  const again = { ...token, TagSpecifications: swapped, Size: 1, ...zone };
  expect((await call('CreateVolume', again)).VolumeId).toBe(VolumeId);
  await expect(call('CreateVolume', { ...first, Size: 2 })).rejects.toMatchObject({
    code: 'IdempotentParameterMismatch',
  });
});

test('a repeated launch returns the first one, although what it named was deleted since', async () => {
  const { call, addImage, settle } = await testContext();
  const { id: ImageId } = await addImage();
  const LaunchTemplateName = 'web';
  const LaunchTemplateData = { InstanceType: 't3.micro', KeyName: 'mine' } as const;
  await call('CreateKeyPair', { KeyName: 'mine' });
  await call('CreateLaunchTemplate', { LaunchTemplateName, LaunchTemplateData });
  const LaunchTemplate = { LaunchTemplateName };
  const request = { ImageId, LaunchTemplate, MinCount: 2, MaxCount: 2, ClientToken: 'once' };
  const idsOf = async (changes: object = {}) => {
    const { Instances = [] } = await call('RunInstances', { ...request, ...changes });
    return Instances.map(({ InstanceId }) => InstanceId);
  };
  const first = await idsOf();
  expect(first).toHaveLength(2);
  await settle();
  await call('DeleteLaunchTemplate', { LaunchTemplateName });
  await call('DeleteKeyPair', { KeyName: 'mine' });
  await call('DeregisterImage', { ImageId });
  expect(await idsOf()).toEqual(first);
  const mismatch = { code: 'IdempotentParameterMismatch' };
  await expect(idsOf({ MaxCount: 3 })).rejects.toMatchObject(mismatch);
  const missing = { code: 'InvalidLaunchTemplateName.NotFoundException' };
  await expect(idsOf({ ClientToken: 'another' })).rejects.toMatchObject(missing);
  const malformed = {
    code: 'InvalidParameterValue',
    message: expect.stringContaining('clientToken'),
  };
  await expect(idsOf({ ClientToken: 'x'.repeat(65) })).rejects.toMatchObject(malformed);
});
