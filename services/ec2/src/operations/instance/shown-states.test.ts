import { instanceMetadata, readInstanceNetwork } from '@bakehouse/orchestration';
import { expect, test } from 'vitest';
import { launched } from '../../testing/launched.ts';

type Launched = Awaited<ReturnType<typeof launched>>;

const viewOf = async ({ call, instanceId }: Launched) => {
  const { Reservations } = await call('DescribeInstances', { InstanceIds: [instanceId] });
  return Reservations?.[0]?.Instances?.[0];
};

test('an instance shows how far each volume is attached, and is found by it', async () => {
  const context = await launched();
  const { call, settle, metadata, instanceId: InstanceId } = context;
  const volume = await call('CreateVolume', { AvailabilityZone: 'us-east-1a', Size: 1 });
  await settle();
  const VolumeId = volume.VolumeId ?? '';
  const status = async () =>
    (await viewOf(context))?.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === 'sdf')
      ?.Ebs?.Status;
  const found = async (value: string) => {
    const Filters = [{ Name: 'block-device-mapping.status', Values: [value] }];
    return (await call('DescribeInstances', { Filters })).Reservations?.length;
  };
  await call('AttachVolume', { InstanceId, VolumeId, Device: 'sdf' });
  expect([await status(), await found('attaching')]).toEqual(['attaching', 1]);
  await settle();
  expect([await status(), await found('attaching')]).toEqual(['attached', 0]);
  await metadata.write(async (tx) => {
    const record = await tx.get('volume', volume.VolumeId as `vol-${string}`);
    if (!record?.attachment) throw new Error('not attached');
    await tx.put('volume', { ...record, attachment: { ...record.attachment, state: 'busy' } });
  });
  expect([await status(), await found('detaching')]).toEqual(['detaching', 1]);
  expect((await viewOf(context))?.BlockDeviceMappings?.[0]?.Ebs?.Status).toBe('attached');
});

test('the state reason of an instance without a guest says so', async () => {
  const context = await launched();
  const { call, settle, instanceId } = context;
  const simulated = { StateReason: { Code: 'Server.Simulated' } };
  expect(await viewOf(context)).toMatchObject(simulated);
  const InstanceIds = [instanceId];
  await call('StopInstances', { InstanceIds });
  await settle();
  expect((await viewOf(context))?.StateReason?.Code).toBe('Client.UserInitiatedShutdown');
  await call('StartInstances', { InstanceIds });
  expect(await viewOf(context)).toMatchObject({ State: { Name: 'pending' }, ...simulated });
  await settle();
  expect(await viewOf(context)).toMatchObject({ State: { Name: 'running' }, ...simulated });
});

test('the guest reads the public name that the API shows', async () => {
  const context = await launched();
  const view = await viewOf(context);
  const facts = await context.read((tx) => readInstanceNetwork(tx, context.instanceId));
  expect(view?.PublicDnsName).toMatch(/./);
  expect(instanceMetadata(facts).publicHostName).toBe(view?.PublicDnsName);
  const [primary] = facts.interfaces;
  const addresses = [{ privateIp: primary.nic.privateIp }];
  const without = { ...facts, interfaces: [{ ...primary, addresses }] as const };
  expect(instanceMetadata(without).publicHostName).toBeUndefined();
});

test('a VPC without public names has none in the API and in the guest, but the address', async () => {
  const context = await launched();
  const { vpcId } = await context.instance();
  const named = await viewOf(context);
  const EnableDnsHostnames = { Value: false };
  await context.call('ModifyVpcAttribute', { VpcId: vpcId, EnableDnsHostnames });
  const view = await viewOf(context);
  expect(view).toMatchObject({ PublicDnsName: '', PublicIpAddress: named?.PublicIpAddress });
  expect(view?.NetworkInterfaces).toMatchObject([{ Association: { PublicDnsName: '' } }]);
  const facts = await context.read((tx) => readInstanceNetwork(tx, context.instanceId));
  expect(instanceMetadata(facts)).not.toHaveProperty('publicHostName');
  expect(instanceMetadata(facts).publicIp).toBe(named?.PublicIpAddress);
});

test('two attributes in one request are refused, with the way out', async () => {
  const { call, instanceId: InstanceId } = await launched();
  const both = { DisableApiStop: { Value: true }, DisableApiTermination: { Value: true } };
  const change = call('ModifyInstanceAttribute', { InstanceId, ...both });
  await expect(change).rejects.toThrow('one attribute at a time');
});

test('an instance shows the AutoRecovery that was requested', async () => {
  const asked = await launched({ MaintenanceOptions: { AutoRecovery: 'disabled' } });
  expect((await viewOf(asked))?.MaintenanceOptions).toEqual({
    AutoRecovery: 'disabled',
    RebootMigration: 'default',
  });
  const Filters = [{ Name: 'maintenance-options.auto-recovery', Values: ['disabled'] }];
  expect((await asked.call('DescribeInstances', { Filters })).Reservations).toHaveLength(1);
  expect((await viewOf(await launched()))?.MaintenanceOptions?.AutoRecovery).toBe('default');
});
