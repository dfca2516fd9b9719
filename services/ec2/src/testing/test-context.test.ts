import { expect, test } from 'vitest';
import { testContext } from './test-context.ts';

test('an instance is launched, runs and is described', async () => {
  const { call, addImage, settle } = await testContext();
  const { id: ImageId } = await addImage();
  const launch = { ImageId, MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' as const };
  const { Instances: [pending] = [] } = await call('RunInstances', launch);
  await settle();
  const InstanceIds = [pending?.InstanceId ?? ''];
  const { Reservations } = await call('DescribeInstances', { InstanceIds });
  expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({ ImageId, State: { Name: 'running' } });
});
