import type { Ec2Input } from '@bakehouse/aws-model';
import type { Instance, InstanceId } from '@bakehouse/domain';
import { type TestContext, testContext } from './test-context.ts';

export interface LaunchedContext extends TestContext {
  readonly instanceId: InstanceId;
  instance(): Promise<Instance>;
}

/** A test context with one running instance; stopped again when asked for. */
export async function launched(
  changes: Partial<Ec2Input<'RunInstances'>> = {},
  state: 'running' | 'stopped' = 'running',
): Promise<LaunchedContext> {
  const context = await testContext();
  const image = await context.addImage();
  const { Instances: [made] = [] } = await context.call('RunInstances', {
    ImageId: image.id,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    ...changes,
  });
  await context.settle();
  const instanceId = (made?.InstanceId ?? '') as InstanceId;
  if (state === 'stopped') {
    await context.call('StopInstances', { InstanceIds: [instanceId] });
    await context.settle();
  }
  return {
    ...context,
    instanceId,
    async instance() {
      const found = await context.read((reader) => reader.get('instance', instanceId));
      if (!found) throw new Error(`${instanceId} has no record`);
      return found;
    },
  };
}
