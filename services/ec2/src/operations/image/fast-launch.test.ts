import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Instance } from '@bakehouse/domain';
import { adminHandlers } from '@bakehouse/orchestration';
import { describe, expect, test } from 'vitest';
import { type TestContext, testContext } from '../../testing/test-context.ts';

interface WithImage extends TestContext {
  readonly ImageId: string;
}

const content = { sizeBytes: 2 ** 30, blocks: new Map([[0, 'word']]), changed: [0] };

async function withImage(): Promise<WithImage> {
  const context = await testContext();
  const image = await context.addImage();
  const snapshotId = image.blockDevices[0]?.ebs?.snapshotId ?? '';
  const snapshot = await context.read((reader) => reader.get('snapshot', snapshotId));
  if (snapshot) {
    const source = { kind: 'file', path: 'memory:image' } as const;
    context.drivers.snapshots.sources.offer(source, content);
    await context.drivers.snapshots.capture({ mapId: snapshot.mapId, source });
  }
  return { ...context, ImageId: image.id };
}

async function enabled(): Promise<WithImage> {
  const context = await withImage();
  await context.call('EnableFastLaunch', { ImageId: context.ImageId });
  await context.settle();
  return context;
}

async function shown({ call }: TestContext) {
  const { FastLaunchImages = [] } = await call('DescribeFastLaunchImages', {});
  return FastLaunchImages;
}

/** What `bakehouse usage` shows of kept memory. */
async function memories({ plane, scope }: TestContext) {
  const admin = plane.adminContext(scope, new AbortController().signal);
  return (await adminHandlers.Usage(admin, {}, () => {})).memories;
}

async function launch(
  context: WithImage,
  request: Parameters<TestContext['callUntyped']>[1] = {},
  scope: Parameters<TestContext['callUntyped']>[2] = {},
): Promise<Instance> {
  const base = { ImageId: context.ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
  const reply = await context.callUntyped('RunInstances', { ...base, ...request }, scope);
  await context.settle();
  const { Instances: [made] = [] } = reply as { Instances?: { InstanceId: Instance['id'] }[] };
  const found = await context.read((reader) => reader.get('instance', made?.InstanceId ?? ''));
  if (!found) throw new Error('no instance was launched');
  return found;
}

/** Its root volume has the blocks of the image, not of the template. */
async function expectOwnDisk({ read }: TestContext, { volumes: [use] }: Instance): Promise<void> {
  const volume = await read((reader) => reader.get('volume', use?.volumeId ?? ''));
  const snapshot = await read((reader) => reader.get('snapshot', volume?.snapshotId ?? ''));
  expect(volume?.originMapId).toBe(snapshot?.mapId);
}

const bootOf = async ({ drivers }: TestContext, { id }: Instance) =>
  (await drivers.compute.readBoot(id))?.memory;

describe('enabling', () => {
  test('makes a template, and keeps nothing of its guest but memory and blocks', async () => {
    const context = await withImage();
    const { call, ImageId, drivers } = context;
    expect(await call('EnableFastLaunch', { ImageId })).toMatchObject({
      ImageId,
      State: 'enabling',
      ResourceType: 'snapshot',
      MaxParallelLaunches: 6,
      SnapshotConfiguration: { TargetResourceCount: 5 },
    });
    await context.settle();
    expect(await shown(context)).toMatchObject([{ ImageId, State: 'enabled' }]);
    expect(await memories(context)).toMatchObject([{ templateOf: ImageId }]);
    expect(await drivers.compute.list()).toEqual([]);
    expect(await drivers.volumes.list()).toEqual([]);
  });

  test('a guest that does not wait for its card: it fails, says why, and can be tried again', async () => {
    const context = await withImage();
    const { call, ImageId, drivers } = context;
    drivers.compute.needCards(true);
    await call('EnableFastLaunch', { ImageId });
    await context.settle();
    expect(await shown(context)).toMatchObject([
      {
        State: 'enabling-failed',
        StateTransitionReason: 'its guest did not wait for a network card',
      },
    ]);
    expect(await drivers.compute.kept()).toEqual([]);
    expect(await drivers.volumes.list()).toEqual([]);
    drivers.compute.needCards(false);
    await call('EnableFastLaunch', { ImageId });
    await context.settle();
    expect(await shown(context)).toMatchObject([{ State: 'enabled' }]);
  });

  test('the launch template says which instance type', async () => {
    const context = await withImage();
    const { call, ImageId } = context;
    await call('CreateLaunchTemplate', {
      LaunchTemplateName: 'larger',
      LaunchTemplateData: { InstanceType: 't3.small' },
    });
    const LaunchTemplate = { LaunchTemplateName: 'larger', Version: '$Latest' };
    await call('EnableFastLaunch', { ImageId, LaunchTemplate });
    await context.settle();
    const [image] = await shown(context);
    expect(image?.LaunchTemplate).toMatchObject({ LaunchTemplateName: 'larger', Version: '1' });
    const small = await launch(context, { InstanceType: 't3.small' });
    expect(await bootOf(context, small)).toEqual({ restoredAt: expect.any(Number) });
  });

  test.each([
    ['an image of nobody', { ImageId: 'ami-0123456789abcdef0' }, 'InvalidAMIID.NotFound'],
    ['too few launches', { MaxParallelLaunches: 5 }, 'InvalidParameterValue'],
    [
      'no resources',
      { SnapshotConfiguration: { TargetResourceCount: 0 } },
      'InvalidParameterValue',
    ],
    ['another resource', { ResourceType: 'volume' }, 'InvalidParameterValue'],
    [
      'a launch template of nobody',
      { LaunchTemplate: { LaunchTemplateName: 'none', Version: '1' } },
      'InvalidLaunchTemplateName.NotFoundException',
    ],
  ])('%s is refused', async (_, request, code) => {
    const { call, ImageId } = await withImage();
    await expect(call('EnableFastLaunch', { ImageId, ...request })).rejects.toMatchObject({ code });
  });

  test("another account's image is refused, also one that it shares", async () => {
    const context = await withImage();
    const { call, ImageId } = context;
    await call('ModifyImageAttribute', { ImageId, LaunchPermission: { Add: [{ Group: 'all' }] } });
    const scope = { accountId: '210987654321' };
    await expect(call('EnableFastLaunch', { ImageId }, scope)).rejects.toMatchObject({
      code: 'AuthFailure',
    });
  });

  test('an image with more than a root volume is refused', async () => {
    const context = await withImage();
    const image = await context.read((reader) => reader.get('image', context.ImageId));
    if (!image) throw new Error('no image');
    const [root] = image.blockDevices;
    const two = { ...image, blockDevices: [...(root ? [root] : []), { deviceName: '/dev/sdb' }] };
    await context.metadata.write((tx) => tx.put('image', two));
    const { ImageId } = context;
    await expect(context.call('EnableFastLaunch', { ImageId })).rejects.toMatchObject({
      code: 'InvalidRequest',
    });
  });

  test('twice is refused', async () => {
    const { call, ImageId } = await enabled();
    await expect(call('EnableFastLaunch', { ImageId })).rejects.toMatchObject({
      code: 'IncorrectState',
    });
  });
});

describe('a launch', () => {
  test('goes on from the template with the disk of its guest; its next start boots', async () => {
    const context = await enabled();
    const record = await context.read((reader) => reader.get('fastLaunch', context.ImageId));
    const instance = await launch(context);
    expect(await bootOf(context, instance)).toEqual({ restoredAt: expect.any(Number) });
    const [use] = instance.volumes;
    const volume = await context.read((reader) => reader.get('volume', use?.volumeId ?? ''));
    expect(volume?.originMapId).toBe(record?.template.mapId);
    const InstanceIds = [instance.id];
    await context.call('StopInstances', { InstanceIds });
    await context.settle();
    await context.call('StartInstances', { InstanceIds });
    await context.settle();
    expect(await bootOf(context, instance)).toBeUndefined();
  });

  test.each([
    [{ InstanceType: 't3.small' }, 'the template is for t3.micro, the instance is t3.small'],
    [{ CpuOptions: { CoreCount: 1, ThreadsPerCore: 1 } }, 'the launch has CPU options of its own'],
    [
      { MetadataOptions: { HttpEndpoint: 'disabled' } },
      'the metadata service is disabled for the instance',
    ],
    [
      { BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { VolumeSize: 1 } }] },
      'the instance has 2 devices, the template one',
    ],
    [
      { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 9 } }] },
      "the root volume has 9 GiB, the template's 1 GiB",
    ],
  ])('that asks for %j boots, and says why', async (request, bootedBecause) => {
    const context = await enabled();
    const instance = await launch(context, request);
    expect(instance.fastLaunch).toEqual({ bootedBecause });
    expect(await bootOf(context, instance)).toBeUndefined();
    await expectOwnDisk(context, instance);
  });

  test('of another account, with which the image is shared, boots the disk of the image', async () => {
    const context = await enabled();
    const { ImageId } = context;
    await context.call('ModifyImageAttribute', {
      ImageId,
      LaunchPermission: { Add: [{ Group: 'all' }] },
    });
    const instance = await launch(context, {}, { accountId: '210987654321' });
    expect(instance.ownerId).toBe('210987654321');
    expect(instance.fastLaunch).toEqual({ bootedBecause: 'the image belongs to another account' });
    expect(await bootOf(context, instance)).toBeUndefined();
    await expectOwnDisk(context, instance);
  });

  test('of an image without fast launch says nothing of it', async () => {
    const context = await withImage();
    expect((await launch(context)).fastLaunch).toBeUndefined();
  });
});

describe('disabling', () => {
  test.each(['DisableFastLaunch', 'DeregisterImage'] as const)(
    'a template in the making ends at once by %s, and nothing of it stays',
    async (ending) => {
      const context = await withImage();
      const { call, ImageId, drivers, settle } = context;
      const { promise: booting, resolve } = Promise.withResolvers<void>();
      drivers.compute.keepMemory = async (_, { signal }) => {
        resolve();
        for (;;) {
          signal.throwIfAborted();
          await nextTurn();
        }
      };
      await call('EnableFastLaunch', { ImageId });
      await booting;
      await call(ending, { ImageId });
      await settle();
      expect(await shown(context)).toEqual([]);
      expect(await drivers.compute.kept()).toEqual([]);
      expect(await drivers.volumes.list()).toEqual([]);
    },
  );

  test('removes the template, and the image is no longer shown; instances stay', async () => {
    const context = await enabled();
    const { call, ImageId, drivers } = context;
    const instance = await launch(context);
    expect(await call('DisableFastLaunch', { ImageId })).toMatchObject({ State: 'disabling' });
    await context.settle();
    expect(await shown(context)).toEqual([]);
    expect(await memories(context)).toEqual([]);
    expect(await drivers.compute.kept()).toEqual([instance.id]);
    expect(await drivers.compute.list()).toMatchObject([{ instanceId: instance.id }]);
    const refused = call('DisableFastLaunch', { ImageId });
    await expect(refused).rejects.toMatchObject({ code: 'IncorrectState' });
  });

  test('an image that is deregistered has no template any more', async () => {
    const context = await enabled();
    await context.call('DeregisterImage', { ImageId: context.ImageId });
    await context.settle();
    expect(await shown(context)).toEqual([]);
    expect(await context.drivers.compute.kept()).toEqual([]);
  });
});

test('images are described by id and by filter', async () => {
  const context = await enabled();
  const { call, ImageId } = context;
  const count = async (request: Parameters<typeof call<'DescribeFastLaunchImages'>>[1]) =>
    (await call('DescribeFastLaunchImages', request)).FastLaunchImages?.length;
  const filter = (Name: string, value: string) => ({ Filters: [{ Name, Values: [value] }] });
  expect(await count({ ImageIds: [ImageId] })).toBe(1);
  expect(await count({ ImageIds: ['ami-0123456789abcdef0'] })).toBe(0);
  expect(await count(filter('state', 'enabled'))).toBe(1);
  expect(await count(filter('state', 'enabling'))).toBe(0);
  expect(await count(filter('resource-type', 'snapshot'))).toBe(1);
  expect(await count(filter('owner-id', '123456789012'))).toBe(1);
});
