import type { Ec2Input } from '@bakehouse/aws-model';
import { expect, test } from 'vitest';
import { launched } from '../../testing/launched.ts';
import { type TestContext, testContext } from '../../testing/test-context.ts';

async function launch(
  context: TestContext,
  changes: Partial<Ec2Input<'RunInstances'>> = {},
): Promise<string> {
  const { id: ImageId } = await context.addImage();
  const request = { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, ...changes };
  const { Instances } = await context.call('RunInstances', request as Ec2Input<'RunInstances'>);
  return Instances?.[0]?.InstanceId ?? '';
}

const stateOf = async ({ read }: TestContext, id: string) =>
  (await read((reader) => reader.get('instance', id)))?.state;

test('a guest that powers itself off is stopped, or terminated when that was asked for', async () => {
  for (const [behaviour, state] of [
    ['stop', 'stopped'],
    ['terminate', 'terminated'],
  ] as const) {
    const context = await launched({ InstanceInitiatedShutdownBehavior: behaviour });
    context.drivers.compute.exit(context.instanceId, 'guest-shutdown');
    await context.clock.advanceUntil(async () => (await context.instance()).state === state);
    expect(await context.instance()).toMatchObject({
      stateReason: { code: 'Client.InstanceInitiatedShutdown' },
    });
  }
});

test('a machine that crashes stops its instance, and says so', async () => {
  const context = await launched();
  context.drivers.compute.exit(context.instanceId, 'crashed', 'no reason');
  await context.clock.advanceUntil(async () => (await context.instance()).state === 'stopped');
  expect(await context.instance()).toMatchObject({
    stateReason: { code: 'Server.InternalError', message: expect.stringContaining('no reason') },
  });
});

test('an instance stopped while it starts ends stopped, without a machine', async () => {
  const context = await testContext();
  const id = await launch(context);
  await context.call('StopInstances', { InstanceIds: [id] });
  await context.settle();
  expect(await stateOf(context, id)).toBe('stopped');
  expect(await context.drivers.compute.list()).toEqual([]);
  await context.call('StartInstances', { InstanceIds: [id] });
  await context.settle();
  expect(await stateOf(context, id)).toBe('running');
});

test('terminating does not wait for a stop that the guest does not obey', async () => {
  const context = await launched();
  const { call, instanceId, instance, clock, drivers } = context;
  drivers.compute.ignorePowerButton(instanceId);
  await call('StopInstances', { InstanceIds: [instanceId] });
  await clock.advance(5_000);
  expect((await instance()).state).toBe('stopping');
  await call('TerminateInstances', { InstanceIds: [instanceId] });
  await clock.advance(30_000);
  expect((await instance()).state).toBe('terminated');
});

test('a forced stop cuts a polite one short', async () => {
  const context = await launched();
  const { call, instanceId, instance, clock, drivers } = context;
  drivers.compute.ignorePowerButton(instanceId);
  await call('StopInstances', { InstanceIds: [instanceId] });
  await clock.advance(5_000);
  await call('StopInstances', { InstanceIds: [instanceId], Force: true });
  await clock.advance(2_000);
  expect((await instance()).state).toBe('stopped');
});

test('a guest that does not obey is forced at the limit', async () => {
  const { call, instanceId, instance, clock, drivers } = await launched();
  drivers.compute.ignorePowerButton(instanceId);
  await call('StopInstances', { InstanceIds: [instanceId] });
  await clock.advance(119_000);
  expect((await instance()).state).toBe('stopping');
  await clock.advance(2_000);
  expect((await instance()).state).toBe('stopped');
});

test('a protected instance keeps those of its zone, and those of other zones end', async () => {
  const context = await testContext();
  const inZone = (AvailabilityZone: string, DisableApiTermination = false) =>
    launch(context, { Placement: { AvailabilityZone }, DisableApiTermination });
  const kept = await inZone('us-east-1a', true);
  const beside = await inZone('us-east-1a');
  const elsewhere = await inZone('us-east-1b');
  await context.settle();
  const InstanceIds = [kept, beside, elsewhere];
  await expect(context.call('TerminateInstances', { InstanceIds })).rejects.toMatchObject({
    code: 'OperationNotPermitted',
    message: expect.stringContaining(kept),
  });
  await context.settle();
  const states = await Promise.all(InstanceIds.map((id) => stateOf(context, id)));
  expect(states).toEqual(['running', 'running', 'terminated']);
});

test('a network interface that was to be kept becomes available', async () => {
  const context = await testContext();
  const id = await launch(context, {
    NetworkInterfaces: [{ DeviceIndex: 0, DeleteOnTermination: false }],
  });
  await context.settle();
  await context.call('TerminateInstances', { InstanceIds: [id] });
  await context.settle();
  const [nic] = await context.read((reader) => reader.list('networkInterface'));
  expect(nic).toMatchObject({ status: 'available' });
  expect(nic?.attachment).toBeUndefined();
  expect(nic?.publicIp).toBeUndefined();
  expect(await context.drivers.network.list()).toEqual([]);
});

test.each([true, false])(
  'a start gives the public address that the launch asked for: %s',
  async (asked) => {
    const NetworkInterfaces = [{ DeviceIndex: 0, AssociatePublicIpAddress: asked }];
    const { call, settle, read, instanceId } = await launched({ NetworkInterfaces }, 'stopped');
    const address = async () =>
      (await read((reader) => reader.list('networkInterface')))[0]?.publicIp;
    expect(await address()).toBeUndefined();
    await call('StartInstances', { InstanceIds: [instanceId] });
    await settle();
    expect((await address()) !== undefined).toBe(asked);
  },
);

test('instance-store disks of the mapping are there as far as the type has them', async () => {
  const context = await testContext();
  const image = await context.addImage();
  const devices = [0, 1, 2].map((index) => ({
    deviceName: `/dev/sd${'bcd'[index]}`,
    virtualName: `ephemeral${index}`,
  }));
  await context.metadata.write((tx) =>
    tx.put('image', { ...image, blockDevices: [...image.blockDevices, ...devices] }),
  );
  const request = {
    ImageId: image.id,
    InstanceType: 'm3.xlarge',
    MinCount: 1,
    MaxCount: 1,
  } as const;
  const { Instances } = await context.call('RunInstances', request);
  await context.settle();
  const [machine] = context.drivers.compute.machines();
  expect(machine?.spec.ephemeralDisks).toEqual([
    { deviceName: '/dev/sdb', sizeBytes: 40e9 },
    { deviceName: '/dev/sdc', sizeBytes: 40e9 },
  ]);
  const id = Instances?.[0]?.InstanceId as `i-${string}`;
  expect(context.drivers.publisher.read(id)?.blockDeviceMapping).toMatchObject({
    ephemeral0: 'sdb',
    ephemeral1: 'sdc',
  });
  expect(context.drivers.publisher.read(id)?.blockDeviceMapping).not.toHaveProperty('ephemeral2');
});
