import { expect, test } from 'vitest';
import { launched } from './testing/launched.ts';
import { testContext } from './testing/test-context.ts';

const shape = { InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, DryRun: true } as const;

test('a dry run refuses what would be refused', async () => {
  const { call, addImage } = await testContext();
  const { id: ImageId } = await addImage();
  const absent = { ami: 'ami-0123456789abcdef0', i: 'i-0123456789abcdef0' };
  const refused = async (work: Promise<unknown>, code: string) =>
    await expect(work).rejects.toMatchObject({ code });
  await refused(call('RunInstances', { ...shape, ImageId: 'ami-x' }), 'InvalidAMIID.Malformed');
  await refused(call('RunInstances', { ...shape, ImageId: absent.ami }), 'InvalidAMIID.NotFound');
  const keyless = { ...shape, ImageId, KeyName: 'none' };
  await refused(call('RunInstances', keyless), 'InvalidKeyPair.NotFound');
  const InstanceIds = [absent.i];
  const end = call('TerminateInstances', { InstanceIds, DryRun: true });
  await refused(end, 'InvalidInstanceID.NotFound');
  const look = call('DescribeInstances', { InstanceIds: ['i-x'], DryRun: true });
  await refused(look, 'InvalidInstanceID.Malformed');
});

test('a dry run of what would succeed says so and leaves nothing behind', async () => {
  const context = await launched();
  const { call, read, settle, instanceId, addImage } = context;
  const image = await addImage();
  const records = async () =>
    await read(async (tx) => ({
      instances: await tx.list('instance'),
      volumes: await tx.list('volume'),
      keys: await tx.list('keyPair'),
      images: await tx.list('image'),
      snapshots: await tx.list('snapshot'),
      tokens: await tx.list('clientToken'),
      work: await tx.list('workflow'),
    }));
  const before = await records();
  const DryRun = true;
  const fine = [
    () => call('RunInstances', { ...shape, ImageId: image.id, ClientToken: 'one' }),
    () => call('CreateKeyPair', { KeyName: 'new', DryRun }),
    () => call('CreateImage', { InstanceId: instanceId, Name: 'new', NoReboot: true, DryRun }),
    () => call('TerminateInstances', { InstanceIds: [instanceId], DryRun }),
    () => call('DescribeImages', { DryRun }),
  ];
  for (const work of fine) await expect(work()).rejects.toMatchObject({ code: 'DryRunOperation' });
  await settle();
  expect(await records()).toEqual(before);
});

test('a dry run of ending what is protected is refused', async () => {
  const { call, instanceId } = await launched({ DisableApiTermination: true });
  const end = call('TerminateInstances', { InstanceIds: [instanceId], DryRun: true });
  await expect(end).rejects.toMatchObject({ code: 'OperationNotPermitted' });
});
