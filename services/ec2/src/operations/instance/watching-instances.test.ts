import { expect, test } from 'vitest';
import { launched } from '../../testing/launched.ts';
import { testContext } from '../../testing/test-context.ts';

async function severalInstances(count: number) {
  const context = await testContext();
  const { id: ImageId } = await context.addImage();
  await context.call('RunInstances', {
    ImageId,
    InstanceType: 't3.micro',
    MinCount: count,
    MaxCount: count,
    TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'web' }] }],
  });
  await context.settle();
  return context;
}

test('pages of instances join to the whole list', async () => {
  const { call } = await severalInstances(12);
  const seen: (string | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const answer = await call('DescribeInstances', {
      MaxResults: 5,
      ...(NextToken ? { NextToken } : {}),
    });
    const instances = answer.Reservations?.flatMap((each) => each.Instances ?? []) ?? [];
    expect(instances.length).toBeLessThanOrEqual(5);
    seen.push(...instances.map((each) => each.InstanceId));
    NextToken = answer.NextToken;
  } while (NextToken);
  expect(new Set(seen).size).toBe(12);
});

test.each([
  'DescribeInstances',
  'DescribeInstanceStatus',
  'DescribeInstanceCreditSpecifications',
] as const)('%s takes either ids or pages', async (operation) => {
  const { call, instanceId } = await launched();
  const request = { InstanceIds: [instanceId], MaxResults: 5 };
  await expect(call(operation, request)).rejects.toMatchObject({
    code: 'InvalidParameterCombination',
  });
});

test.each([
  ['tag:Name', 'web', true],
  ['tag:Name', 'w*', true],
  ['network-interface.status', 'in-use', true],
  ['network-interface.group-name', 'default', true],
  ['ip-address', '127.18.*', true],
  ['dns-name', '127.18.*', true],
  ['private-dns-name', '*.ec2.internal', true],
  ['metadata-options.http-tokens', 'required', false],
  ['availability-zone', 'us-east-1b', false],
  ['product-code', '*', false],
] as const)('instances are found by %s=%s: %s', async (Name, value, found) => {
  const { call } = await severalInstances(1);
  const answer = await call('DescribeInstances', { Filters: [{ Name, Values: [value] }] });
  expect(answer.Reservations?.length).toBe(found ? 1 : 0);
});

test('an unknown filter is refused', async () => {
  const { call } = await testContext();
  const Filters = [{ Name: 'colour', Values: ['red'] }];
  await expect(call('DescribeInstances', { Filters })).rejects.toMatchObject({
    code: 'InvalidParameterValue',
  });
});

test('status checks become ok when the guest responds, and are not made of a stopped one', async () => {
  const { call, instanceId, clock, settle, plane } = await launched();
  const status = async (request: object = {}) => {
    const { InstanceStatuses: [first] = [] } = await call('DescribeInstanceStatus', {
      InstanceIds: [instanceId],
      ...request,
    });
    return first;
  };
  expect(await status()).toMatchObject({ SystemStatus: { Status: 'initializing' } });
  await clock.advance(2_000);
  expect(await status()).toMatchObject({
    InstanceState: { Name: 'running' },
    SystemStatus: { Status: 'ok', Details: [{ Name: 'reachability', Status: 'passed' }] },
    InstanceStatus: { Status: 'ok', Details: [{ Name: 'reachability', Status: 'passed' }] },
    AttachedEbsStatus: { Status: 'ok' },
  });
  await call('StopInstances', { InstanceIds: [instanceId], Force: true });
  await settle();
  expect(await status()).toBeUndefined();
  expect(await status({ IncludeAllInstances: true })).toMatchObject({
    SystemStatus: { Status: 'not-applicable' },
  });
  await plane.stop();
});

test('a guest that is paused by its disks is impaired until it continues', async () => {
  const { call, instanceId, clock, drivers } = await launched();
  const status = async () => {
    const { InstanceStatuses } = await call('DescribeInstanceStatus', {});
    return InstanceStatuses?.[0];
  };
  await clock.advance(2_000);
  drivers.compute.pause(instanceId, 'no space left');
  await clock.advance(0);
  expect(await status()).toMatchObject({
    InstanceStatus: { Status: 'impaired', Details: [{ ImpairedSince: expect.any(Date) }] },
    AttachedEbsStatus: { Status: 'impaired' },
  });
  drivers.compute.resume(instanceId);
  await clock.advance(4_000);
  expect(await status()).toMatchObject({
    InstanceStatus: { Status: 'ok' },
    AttachedEbsStatus: { Status: 'ok' },
  });
});

test('a paused guest shows, also when its record could not be written', async () => {
  const { call, instanceId, clock, drivers, metadata } = await launched();
  await clock.advance(2_000);
  const record = await metadata.read((tx) => tx.get('instance', instanceId));
  drivers.compute.pause(instanceId, 'no space left');
  await clock.advance(0);
  if (record) await metadata.write((tx) => tx.put('instance', record));
  const { InstanceStatuses } = await call('DescribeInstanceStatus', {});
  expect(InstanceStatuses?.[0]).toMatchObject({
    SystemStatus: { Status: 'ok' },
    InstanceStatus: { Status: 'impaired' },
    AttachedEbsStatus: { Status: 'impaired' },
  });
  await clock.advance(60_000);
  const written = await metadata.read((tx) => tx.get('instance', instanceId));
  expect(written?.status).toMatchObject({ instance: 'impaired', disks: 'impaired' });
});

test('the console can be read and pictured', async () => {
  const { call, instanceId: InstanceId, drivers, settle } = await launched();
  drivers.compute.writeConsole(InstanceId, 'login: ');
  const { Output, Timestamp } = await call('GetConsoleOutput', { InstanceId });
  expect(Buffer.from(Output ?? '', 'base64').toString()).toContain('login: ');
  expect(Timestamp).toBeInstanceOf(Date);
  const { ImageData } = await call('GetConsoleScreenshot', { InstanceId });
  expect(Buffer.from(ImageData ?? '', 'base64').subarray(0, 3)).toEqual(
    Buffer.from([0xff, 0xd8, 0xff]),
  );
  await call('StopInstances', { InstanceIds: [InstanceId] });
  await settle();
  await expect(call('GetConsoleScreenshot', { InstanceId })).rejects.toMatchObject({
    code: 'IncorrectInstanceState',
  });
});

test('a reboot keeps the machine', async () => {
  const { call, instanceId, drivers, settle, instance } = await launched();
  const [before] = drivers.compute.machines();
  await call('RebootInstances', { InstanceIds: [instanceId] });
  await settle();
  const [after] = drivers.compute.machines();
  expect(after).toMatchObject({ pid: before?.pid, boots: 2, state: 'running' });
  expect(await instance()).toMatchObject({ state: 'running', generation: 1 });
});

test('a stopped instance cannot be rebooted, a terminated one is passed over', async () => {
  const { call, instanceId, settle } = await launched({}, 'stopped');
  const reboot = () => call('RebootInstances', { InstanceIds: [instanceId] });
  await expect(reboot()).rejects.toMatchObject({ code: 'IncorrectInstanceState' });
  await call('TerminateInstances', { InstanceIds: [instanceId] });
  await settle();
  await reboot();
});

test('credits are what was last asked for', async () => {
  const { call, instanceId } = await launched();
  const credits = async () => {
    const answer = await call('DescribeInstanceCreditSpecifications', {
      InstanceIds: [instanceId],
    });
    return answer.InstanceCreditSpecifications?.[0]?.CpuCredits;
  };
  expect(await credits()).toBe('unlimited');
  const answer = await call('ModifyInstanceCreditSpecification', {
    InstanceCreditSpecifications: [
      { InstanceId: instanceId, CpuCredits: 'standard' },
      { InstanceId: 'i-0fffffffffffffff0', CpuCredits: 'standard' },
    ],
  });
  expect(answer.UnsuccessfulInstanceCreditSpecifications?.[0]?.Error?.Code).toBe(
    'InvalidInstanceID.NotFound',
  );
  expect(await credits()).toBe('standard');
});
