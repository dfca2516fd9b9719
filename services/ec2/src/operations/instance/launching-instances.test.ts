import { expect, test } from 'vitest';
import { launched } from '../../testing/launched.ts';
import { type TestContext, testContext } from '../../testing/test-context.ts';

/** RunInstances' reply, before any work on the instance is done. */
async function launching(changes: object = {}) {
  const context = await testContext();
  const image = await context.addImage();
  const reply = await context.call('RunInstances', {
    ImageId: image.id,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    ...changes,
  });
  const [made] = reply.Instances ?? [];
  return { ...context, made, instanceId: made?.InstanceId ?? '' };
}

async function described({ call }: TestContext, InstanceIds: string[]) {
  const { Reservations } = await call('DescribeInstances', { InstanceIds });
  return Reservations?.[0]?.Instances?.[0];
}

test('an instance that is launched has no public address and no volumes yet', async () => {
  const context = await launching();
  const { made, instanceId, settle } = context;
  expect(made).toMatchObject({
    State: { Name: 'pending' },
    BlockDeviceMappings: [],
    PublicDnsName: '',
    MetadataOptions: { State: 'pending' },
    NetworkInterfaces: [{ Attachment: { Status: 'attaching' }, Status: 'in-use' }],
  });
  expect(made).not.toHaveProperty('PublicIpAddress');
  expect(made?.NetworkInterfaces?.[0]).not.toHaveProperty('Association');
  await settle();
  const running = await described(context, [instanceId]);
  expect(running).toMatchObject({
    State: { Name: 'running' },
    BlockDeviceMappings: [{ Ebs: { Status: 'attached' } }],
    MetadataOptions: { State: 'applied' },
    NetworkInterfaces: [{ Attachment: { Status: 'attached' } }],
  });
  expect(running?.PublicIpAddress).toBe(running?.NetworkInterfaces?.[0]?.Association?.PublicIp);
  expect(running?.PublicIpAddress).toMatch(/./);
});

test('the filters find of a launched instance what it shows', async () => {
  const { call, settle } = await launching();
  const found = async (Name: string, value: string) => {
    const { Reservations } = await call('DescribeInstances', {
      Filters: [{ Name, Values: [value] }],
    });
    return Reservations?.length;
  };
  const names = ['ip-address', 'network-interface.association.public-ip', 'dns-name'];
  for (const name of names) expect([name, await found(name, '?*')]).toEqual([name, 0]);
  expect(await found('network-interface.attachment.status', 'attaching')).toBe(1);
  expect(await found('metadata-options.state', 'pending')).toBe(1);
  expect(await found('block-device-mapping.device-name', '*')).toBe(0);
  await settle();
  for (const name of names) expect([name, await found(name, '?*')]).toEqual([name, 1]);
  expect(await found('network-interface.attachment.status', 'attaching')).toBe(0);
  expect(await found('block-device-mapping.device-name', '*')).toBe(1);
});

test('its interface is attaching, without public address, and finds it later', async () => {
  const { call, settle } = await launching();
  const nic = async () =>
    (await call('DescribeNetworkInterfaces', {})).NetworkInterfaces?.find(
      (each) => each.Attachment,
    );
  const before = await nic();
  expect(before).toMatchObject({ Attachment: { Status: 'attaching' } });
  expect(before).not.toHaveProperty('Association');
  await settle();
  expect(await nic()).toMatchObject({
    Attachment: { Status: 'attached' },
    Association: { PublicIp: expect.any(String) },
  });
});

test('RunInstances leaves out what DescribeInstances shows from the same moment on', async () => {
  const context = await launching();
  const later = await described(context, [context.instanceId]);
  for (const member of ['PlatformDetails', 'UsageOperation', 'HibernationOptions']) {
    expect(context.made).not.toHaveProperty(member);
    expect(later).toHaveProperty(member);
  }
});

test('an instance that starts again keeps its volumes and its interface', async () => {
  const context = await launched({}, 'stopped');
  const { call, instanceId } = context;
  await call('StartInstances', { InstanceIds: [instanceId] });
  expect(await described(context, [instanceId])).toMatchObject({
    State: { Name: 'pending' },
    BlockDeviceMappings: [{ Ebs: { Status: 'attached' } }],
    NetworkInterfaces: [{ Attachment: { Status: 'attached' } }],
    MetadataOptions: { State: 'applied' },
  });
});

test('monitoring is pending, then enabled; disabling, then disabled', async () => {
  const context = await launched();
  const { call, settle, drivers, instanceId } = context;
  const InstanceIds = [instanceId];
  const shown = async () => (await described(context, InstanceIds))?.Monitoring?.State;
  const states = async (change: 'MonitorInstances' | 'UnmonitorInstances') => {
    const { InstanceMonitorings } = await call(change, { InstanceIds });
    const before = await shown();
    await settle();
    return [InstanceMonitorings?.[0]?.Monitoring?.State, before, await shown()];
  };
  expect(await states('MonitorInstances')).toEqual(['pending', 'pending', 'enabled']);
  expect(drivers.publisher.read(instanceId)?.monitoring).toBe('enabled');
  expect(await states('MonitorInstances')).toEqual(['enabled', 'enabled', 'enabled']);
  expect(await states('UnmonitorInstances')).toEqual(['disabling', 'disabling', 'disabled']);
  expect(drivers.publisher.read(instanceId)?.monitoring).toBe('disabled');
});

test('monitoring of a launch is pending until the instance runs', async () => {
  const context = await launching({ Monitoring: { Enabled: true } });
  expect(context.made?.Monitoring).toEqual({ State: 'pending' });
  await context.settle();
  expect((await described(context, [context.instanceId]))?.Monitoring?.State).toBe('enabled');
});

test('monitoring of a stopped instance changes at once', async () => {
  const { call, instanceId } = await launched({}, 'stopped');
  const { InstanceMonitorings } = await call('MonitorInstances', { InstanceIds: [instanceId] });
  expect(InstanceMonitorings).toMatchObject([{ Monitoring: { State: 'enabled' } }]);
});

test('metadata options are pending until the guest has them, also when it stops meanwhile', async () => {
  const context = await launched();
  const { call, settle, drivers, instanceId } = context;
  const change = { InstanceId: instanceId, HttpTokens: 'required' as const };
  const { InstanceMetadataOptions } = await call('ModifyInstanceMetadataOptions', change);
  expect(InstanceMetadataOptions).toMatchObject({ State: 'pending', HttpTokens: 'required' });
  await settle();
  expect(drivers.publisher.read(instanceId)?.httpTokens).toBe('required');
  expect((await described(context, [instanceId]))?.MetadataOptions?.State).toBe('applied');
  await call('ModifyInstanceMetadataOptions', { ...change, HttpTokens: 'optional' });
  await call('StopInstances', { InstanceIds: [instanceId] });
  await settle();
  expect((await described(context, [instanceId]))?.MetadataOptions?.State).toBe('applied');
});
