import { minuteMs, secondMs } from '@bakehouse/base';
import { settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { type TestContext, testContext } from '../../testing/test-context.ts';

const zone = 'us-east-1a';
const zones = { AvailabilityZones: [zone] };

interface WithSnapshot extends TestContext {
  readonly snapshotId: string;
  readonly imageId: string;
}

async function withSnapshot(): Promise<WithSnapshot> {
  const context = await testContext();
  const image = await context.addImage();
  const snapshotId = image.blockDevices[0]?.ebs?.snapshotId ?? '';
  const snapshot = await context.read((reader) => reader.get('snapshot', snapshotId));
  if (snapshot) {
    const source = { kind: 'file', path: 'memory:image' } as const;
    const blocks = new Map([[0, 'word']]);
    context.drivers.snapshots.sources.offer(source, { sizeBytes: 2 ** 30, blocks, changed: [0] });
    await context.drivers.snapshots.capture({ mapId: snapshot.mapId, source });
  }
  return { ...context, imageId: image.id, snapshotId };
}

/** Lets the platform do what it does by itself. */
async function pass({ clock }: TestContext, forMs = 15 * secondMs): Promise<void> {
  for (let ms = 0; ms < forMs; ms += secondMs) {
    await clock.advance(secondMs);
    await settle();
  }
}

const enable = ({ call, snapshotId }: WithSnapshot) =>
  call('EnableFastSnapshotRestores', { ...zones, SourceSnapshotIds: [snapshotId] });

async function states({ call }: TestContext, Filters: { Name: string; Values: string[] }[] = []) {
  const { FastSnapshotRestores = [] } = await call('DescribeFastSnapshotRestores', { Filters });
  return FastSnapshotRestores.map(({ AvailabilityZone, State }) => [AvailabilityZone, State]);
}

async function makeVolume(context: WithSnapshot, AvailabilityZone = zone) {
  const { call, snapshotId } = context;
  const { VolumeId = '' } = await call('CreateVolume', {
    AvailabilityZone,
    SnapshotId: snapshotId,
  });
  await context.settle();
  const { Volumes: [volume] = [] } = await call('DescribeVolumes', { VolumeIds: [VolumeId] });
  return { id: VolumeId, isFast: volume?.FastRestored };
}

test('enabling goes through its states, with times and reasons, to a volume that is restored fast', async () => {
  const context = await withSnapshot();
  const { Successful = [], Unsuccessful } = await enable(context);
  const shown = {
    SnapshotId: context.snapshotId,
    AvailabilityZone: zone,
    AvailabilityZoneId: 'use1-az1',
  };
  expect(Successful).toMatchObject([
    { ...shown, State: 'enabling', StateTransitionReason: 'Client.UserInitiated' },
  ]);
  expect(Unsuccessful).toEqual([]);
  expect((await makeVolume(context)).isFast).toBeUndefined();
  await pass(context);
  const { FastSnapshotRestores: [record] = [] } = await context.call(
    'DescribeFastSnapshotRestores',
    {},
  );
  expect(record).toMatchObject({
    ...shown,
    State: 'enabled',
    StateTransitionReason: 'Client.UserInitiated - Lifecycle state transition',
    EnablingTime: expect.any(Date),
    OptimizingTime: expect.any(Date),
    EnabledTime: expect.any(Date),
  });
  expect(record).not.toHaveProperty('DisablingTime');
  expect((await makeVolume(context)).isFast).toBe(true);
});

test('a volume that is restored fast is initialized, and found by it', async () => {
  const context = await withSnapshot();
  await enable(context);
  await pass(context);
  const { id } = await makeVolume(context);
  const { VolumeStatuses: [status] = [] } = await context.call('DescribeVolumeStatus', {
    VolumeIds: [id],
  });
  expect(status?.VolumeStatus?.Details).toContainEqual({
    Name: 'initialization-state',
    Status: 'completed',
  });
  expect(status?.InitializationStatusDetails).toMatchObject({ Progress: 100 });
  const Filters = [{ Name: 'fast-restored', Values: ['true'] }];
  const { Volumes = [] } = await context.call('DescribeVolumes', { Filters });
  expect(Volumes.map(({ VolumeId }) => VolumeId)).toEqual([id]);
});

test('a launch gets it in the zone that was asked for, and nowhere else', async () => {
  const context = await withSnapshot();
  await enable(context);
  await pass(context);
  expect((await makeVolume(context, 'us-east-1b')).isFast).toBeUndefined();
  for (const [AvailabilityZone, isFast] of [
    [zone, true],
    ['us-east-1b', undefined],
  ] as const) {
    const { Instances: [instance] = [] } = await context.call('RunInstances', {
      ImageId: context.imageId,
      InstanceType: 't3.micro',
      Placement: { AvailabilityZone },
      MinCount: 1,
      MaxCount: 1,
    });
    await context.settle();
    const Filters = [{ Name: 'attachment.instance-id', Values: [instance?.InstanceId ?? ''] }];
    const { Volumes: [root] = [] } = await context.call('DescribeVolumes', { Filters });
    expect(root?.FastRestored).toBe(isFast);
  }
});

test('a launch that goes on from a template gets it, too', async () => {
  const context = await withSnapshot();
  const { call, imageId: ImageId } = context;
  await call('EnableFastLaunch', { ImageId });
  await context.settle();
  await enable(context);
  await pass(context, 30 * secondMs);
  const { Instances: [instance] = [] } = await call('RunInstances', {
    ImageId,
    InstanceType: 't3.micro',
    Placement: { AvailabilityZone: zone },
    MinCount: 1,
    MaxCount: 1,
  });
  await context.settle();
  const [volume] = await context.read((reader) => reader.list('volume'));
  const record = await context.read((reader) => reader.get('fastLaunch', ImageId));
  expect(volume?.attachment?.instanceId).toBe(instance?.InstanceId);
  expect(volume?.originMapId).toBe(record?.template.mapId);
  expect(volume?.fastRestored).toBe(true);
});

test('enabling twice changes nothing, and what is not enabled cannot be disabled', async () => {
  const context = await withSnapshot();
  const request = { ...zones, SourceSnapshotIds: [context.snapshotId] };
  const refused = await context.call('DisableFastSnapshotRestores', request);
  expect(refused).toMatchObject({
    Successful: [],
    Unsuccessful: [
      {
        SnapshotId: context.snapshotId,
        FastSnapshotRestoreStateErrors: [
          { AvailabilityZone: zone, Error: { Code: 'IncorrectState' } },
        ],
      },
    ],
  });
  await enable(context);
  await pass(context);
  expect((await enable(context)).Successful).toMatchObject([{ State: 'enabled' }]);
  const { Successful } = await context.call('DisableFastSnapshotRestores', request);
  expect(Successful).toMatchObject([{ State: 'disabling', DisablingTime: expect.any(Date) }]);
  await pass(context);
  expect(await states(context)).toEqual([[zone, 'disabled']]);
  expect((await makeVolume(context)).isFast).toBeUndefined();
  await pass(context, 70 * minuteMs);
  expect(await states(context)).toEqual([]);
});

test('deleting the snapshot ends its fast restores', async () => {
  const context = await withSnapshot();
  await enable(context);
  await pass(context);
  await context.call('DeregisterImage', { ImageId: context.imageId });
  await context.call('DeleteSnapshot', { SnapshotId: context.snapshotId });
  await context.settle();
  expect(await context.drivers.hot.list()).toEqual([]);
  await pass(context);
  expect(await states(context)).toEqual([[zone, 'disabled']]);
});

test('filters find records by zone, snapshot, state and owner', async () => {
  const context = await withSnapshot();
  const AvailabilityZoneIds = ['use1-az1', 'use1-az2'];
  const SourceSnapshotIds = [context.snapshotId];
  await context.call('EnableFastSnapshotRestores', { AvailabilityZoneIds, SourceSnapshotIds });
  const find = (Name: string, value: string) => states(context, [{ Name, Values: [value] }]);
  const both = [
    [zone, 'enabling'],
    ['us-east-1b', 'enabling'],
  ];
  expect(await find('snapshot-id', context.snapshotId)).toEqual(both);
  expect(await find('owner-id', context.scope.accountId)).toEqual(both);
  expect(await find('state', 'enabling')).toEqual(both);
  expect(await find('state', 'enabled')).toEqual([]);
  expect(await find('availability-zone', 'us-east-1b')).toEqual([['us-east-1b', 'enabling']]);
  const first = await context.call('DescribeFastSnapshotRestores', { MaxResults: 1 });
  const { NextToken = '' } = first;
  const rest = await context.call('DescribeFastSnapshotRestores', { NextToken });
  expect([first, rest].flatMap((page) => page.FastSnapshotRestores)).toHaveLength(2);
});

const someId = 'snap-0aaaaaaaaaaaaaaaa';

test.each([
  ['no zone', { SourceSnapshotIds: [someId] }, 'MissingParameter'],
  [
    'an unknown zone',
    { AvailabilityZones: ['x'], SourceSnapshotIds: [someId] },
    'InvalidParameterValue',
  ],
  [
    'zones by name and by id',
    { ...zones, AvailabilityZoneIds: ['use1-az1'], SourceSnapshotIds: [someId] },
    'InvalidParameterCombination',
  ],
  ['a malformed id', { ...zones, SourceSnapshotIds: ['snap-x'] }, 'InvalidSnapshotID.Malformed'],
  ['eleven snapshots', { ...zones, SourceSnapshotIds: Array(11).fill(someId) }, 'InvalidRequest'],
])('a request with %s is refused', async (_, request, code) => {
  const { callUntyped } = await testContext();
  for (const name of ['EnableFastSnapshotRestores', 'DisableFastSnapshotRestores'] as const) {
    await expect(callUntyped(name, request)).rejects.toMatchObject({ code });
  }
});

test('snapshots that are missing, or too many, are unsuccessful by themselves', async () => {
  const context = await withSnapshot();
  const ids: string[] = [];
  for (let count = 0; count < 6; count += 1) {
    const image = await context.addImage();
    ids.push(image.blockDevices[0]?.ebs?.snapshotId ?? '');
  }
  const { Successful = [], Unsuccessful = [] } = await context.call('EnableFastSnapshotRestores', {
    ...zones,
    SourceSnapshotIds: [someId, ...ids],
  });
  expect(Successful.map(({ SnapshotId }) => SnapshotId)).toEqual(ids.slice(0, 5));
  const codes = Unsuccessful.map(({ SnapshotId, FastSnapshotRestoreStateErrors: [first] = [] }) => [
    SnapshotId,
    first?.Error?.Code,
  ]);
  expect(codes).toEqual([
    [someId, 'InvalidSnapshot.NotFound'],
    [ids[5], 'ResourceLimitExceeded'],
  ]);
});

test('another account sees and uses none of it', async () => {
  const context = await withSnapshot();
  await enable(context);
  await pass(context);
  const other = { accountId: '999999999999' };
  const { FastSnapshotRestores } = await context.call('DescribeFastSnapshotRestores', {}, other);
  expect(FastSnapshotRestores).toEqual([]);
  await context.call('ModifySnapshotAttribute', {
    SnapshotId: context.snapshotId,
    CreateVolumePermission: { Add: [{ Group: 'all' }] },
  });
  const request = { AvailabilityZone: zone, SnapshotId: context.snapshotId };
  const { VolumeId = '' } = await context.call('CreateVolume', request, other);
  await context.settle();
  const { Volumes: [volume] = [] } = await context.call(
    'DescribeVolumes',
    { VolumeIds: [VolumeId] },
    other,
  );
  expect(volume?.FastRestored).toBeUndefined();
});
