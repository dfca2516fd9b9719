import { expect, test } from 'vitest';
import { launched } from '../../testing/launched.ts';
import { modifyInstanceAttribute } from './modify-instance-attribute.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

test('every attribute can be described', async () => {
  const { call, instanceId: InstanceId } = await launched({ UserData: base64('#!/bin/sh') });
  const describe = (Attribute: 'userData') =>
    call('DescribeInstanceAttribute', { InstanceId, Attribute });
  const names = [
    'blockDeviceMapping',
    'disableApiStop',
    'disableApiTermination',
    'ebsOptimized',
    'enaSupport',
    'enclaveOptions',
    'groupSet',
    'instanceInitiatedShutdownBehavior',
    'instanceType',
    'kernel',
    'productCodes',
    'ramdisk',
    'rootDeviceName',
    'sourceDestCheck',
    'sriovNetSupport',
    'userData',
  ];
  for (const name of names) {
    const { InstanceId: id, ...rest } = await describe(name as 'userData');
    expect(id).toBe(InstanceId);
    expect(Object.keys(rest), name).toHaveLength(1);
  }
  expect(await describe('userData')).toMatchObject({ UserData: { Value: base64('#!/bin/sh') } });
  await expect(describe('bogus' as 'userData')).rejects.toMatchObject({
    code: 'InvalidParameterValue',
  });
});

test.each([
  [{ InstanceType: { Value: 't3.small' } }, { instanceType: 't3.small' }],
  [{ Attribute: 'instanceType', Value: 't3.small' }, { instanceType: 't3.small' }],
  [{ UserData: { Value: Buffer.from('hi') } }, { userDataBase64: base64('hi') }],
  [{ Attribute: 'userData', Value: base64('hi') }, { userDataBase64: base64('hi') }],
  [{ Attribute: 'userData', Value: `${base64('hi')}\n` }, { userDataBase64: base64('hi') }],
  [{ EbsOptimized: { Value: true } }, { ebsOptimized: true }],
  [{ SriovNetSupport: { Value: 'simple' } }, { sriovNetSupport: 'simple' }],
] as const)('%j is changed on a stopped instance only', async (change, expected) => {
  const { call, instanceId: InstanceId, instance, settle } = await launched();
  const modify = () => call('ModifyInstanceAttribute', { InstanceId, ...change });
  await expect(modify()).rejects.toMatchObject({ code: 'IncorrectInstanceState' });
  await call('StopInstances', { InstanceIds: [InstanceId] });
  await settle();
  await modify();
  expect(await instance()).toMatchObject(expected);
});

test.each([
  [{ DisableApiTermination: { Value: true } }, { disableApiTermination: true }],
  [{ Attribute: 'disableApiStop', Value: 'true' }, { disableApiStop: true }],
  [{ Attribute: 'disableApiStop', Value: 'True' }, { disableApiStop: true }],
  [
    { Attribute: 'disableApiStop', Value: 'true', DisableApiStop: { Value: true } },
    { disableApiStop: true },
  ],
  [
    { InstanceInitiatedShutdownBehavior: { Value: 'terminate' } },
    { shutdownBehavior: 'terminate' },
  ],
] as const)('%j is changed on a running instance', async (change, expected) => {
  const { call, instanceId: InstanceId, instance } = await launched();
  await call('ModifyInstanceAttribute', { InstanceId, ...change });
  expect(await instance()).toMatchObject(expected);
});

test.each([
  ['nothing', {}, 'InvalidParameterCombination'],
  [
    'two attributes',
    { DisableApiStop: { Value: true }, DisableApiTermination: { Value: true } },
    'InvalidParameterCombination',
  ],
  ['a type that is none', { InstanceType: { Value: 'x9.huge' } }, 'InvalidParameterValue'],
  ['ENA off where it is needed', { EnaSupport: { Value: false } }, 'InvalidParameterCombination'],
  [
    'user data beyond the limit',
    { UserData: { Value: Buffer.alloc(16_385) } },
    'InvalidParameterValue',
  ],
  ['a kernel of an HVM guest', { Kernel: { Value: 'aki-1' } }, 'InvalidParameterCombination'],
  [
    'a device that is not there',
    { BlockDeviceMappings: [{ DeviceName: '/dev/sdz', Ebs: { DeleteOnTermination: false } }] },
    'InvalidInstanceAttributeValue',
  ],
] as const)('%s is refused', async (_, change, code) => {
  const { call, instanceId: InstanceId, instance } = await launched({}, 'stopped');
  const before = await instance();
  const modify = call('ModifyInstanceAttribute', {
    InstanceId,
    ...structuredClone(change),
  } as { InstanceId: string });
  await expect(modify).rejects.toMatchObject({ code });
  expect(await instance()).toEqual(before);
});

test('an instance whose source check is off is let route for others', async () => {
  const { call, instanceId: InstanceId, instance, drivers } = await launched();
  const { networkInterfaceId } = await instance();
  const isChecked = () =>
    drivers.network.policy.nics.find(({ nicId }) => nicId === networkInterfaceId)?.sourceDestCheck;
  for (const Value of [false, true]) {
    await call('ModifyInstanceAttribute', { InstanceId, SourceDestCheck: { Value } });
    expect(isChecked()).toBe(Value);
    const Attribute = 'sourceDestCheck';
    const shown = await call('DescribeInstanceAttribute', { InstanceId, Attribute });
    expect(shown.SourceDestCheck).toEqual({ Value });
  }
});

test.each([
  [
    { Attribute: 'disableApiTermination', Value: 'yes' },
    'Value (yes) for parameter Value is invalid. Expected true or false.',
  ],
  [{ Attribute: 'userData', Value: '*' }, 'Invalid BASE64 encoding of user data.'],
] as const)('%j is refused in the words of the newer form', async (change, message) => {
  const { call, instanceId: InstanceId } = await launched({}, 'stopped');
  await expect(call('ModifyInstanceAttribute', { InstanceId, ...change })).rejects.toMatchObject({
    code: 'InvalidParameterValue',
    message,
  });
});

test.each([0, 65, 99])('a hop limit of %i is refused with the range', async (limit) => {
  const { call, instanceId: InstanceId } = await launched();
  const request = { InstanceId, HttpPutResponseHopLimit: limit };
  await expect(call('ModifyInstanceMetadataOptions', request)).rejects.toMatchObject({
    code: 'InvalidParameterValue',
    message: `Value (${limit}) for parameter HttpPutResponseHopLimit is invalid. Expecting an integer from 1 to 64`,
  });
});

test('a volume that no longer goes with its instance outlives it', async () => {
  const { call, instanceId: InstanceId, instance, settle, read } = await launched();
  const [root] = (await instance()).volumes;
  const DeviceName = '/dev/xvda';
  await call('ModifyInstanceAttribute', {
    InstanceId,
    BlockDeviceMappings: [{ DeviceName, Ebs: { DeleteOnTermination: false } }],
  });
  await call('TerminateInstances', { InstanceIds: [InstanceId] });
  await settle();
  const volume = await read((reader) => reader.get('volume', root?.volumeId ?? ''));
  expect(volume).toMatchObject({ state: 'available' });
  expect(volume?.attachment).toBeUndefined();
});

test('a change of groups is in force and readable by the guest when it returns', async () => {
  const { call, instanceId: InstanceId, instance, metadata, drivers, read } = await launched();
  const nicId = (await instance()).networkInterfaceId;
  const before = await read((reader) => reader.list('securityGroup'));
  const [old] = before.filter((group) => drivers.network.groupsOf(nicId).includes(group.id));
  if (!old) throw new Error('the instance has a group');
  const other = { ...old, id: 'sg-0123456789abcdef0', name: 'other' } as const;
  await metadata.write((tx) => tx.put('securityGroup', other));
  await call('ModifyInstanceAttribute', { InstanceId, Groups: [other.id] });
  expect(drivers.network.groupsOf(nicId)).toEqual([other.id]);
  expect(drivers.publisher.read(InstanceId)?.securityGroups).toEqual([
    { id: other.id, name: 'other' },
  ]);
  const Groups = ['sg-0fffffffffffffff0'];
  await expect(call('ModifyInstanceAttribute', { InstanceId, Groups })).rejects.toMatchObject({
    code: 'InvalidGroup.NotFound',
  });
});

test('metadata options are returned as pending, and the guest gets them', async () => {
  const { call, instanceId: InstanceId, drivers, settle } = await launched();
  const answer = await call('ModifyInstanceMetadataOptions', {
    InstanceId,
    HttpTokens: 'required',
    HttpPutResponseHopLimit: 3,
  });
  expect(answer.InstanceMetadataOptions).toMatchObject({
    State: 'pending',
    HttpTokens: 'required',
    HttpPutResponseHopLimit: 3,
    HttpEndpoint: 'enabled',
  });
  await settle();
  expect(drivers.publisher.read(InstanceId)).toMatchObject({
    httpTokens: 'required',
    httpPutResponseHopLimit: 3,
  });
});

test('only what EC2 resets can be reset', async () => {
  const { call, instanceId: InstanceId } = await launched();
  await call('ResetInstanceAttribute', { InstanceId, Attribute: 'sourceDestCheck' });
  await expect(
    call('ResetInstanceAttribute', { InstanceId, Attribute: 'userData' }),
  ).rejects.toMatchObject({ code: 'InvalidParameterValue' });
});

test('a kernel is reset under the conditions of a change', async () => {
  const { call, settle, instanceId: InstanceId } = await launched();
  const reset = () => call('ResetInstanceAttribute', { InstanceId, Attribute: 'kernel' });
  await expect(reset()).rejects.toMatchObject({ code: 'IncorrectInstanceState' });
  await call('StopInstances', { InstanceIds: [InstanceId] });
  await settle();
  // An instance of the type hvm boots its own kernel.
  await expect(reset()).rejects.toMatchObject({ code: 'InvalidParameterCombination' });
});

test('a changed type is the machine of the next start', async () => {
  const { call, instanceId: InstanceId, settle, drivers } = await launched({}, 'stopped');
  await call('ModifyInstanceAttribute', { InstanceId, InstanceType: { Value: 't3.small' } });
  await call('StartInstances', { InstanceIds: [InstanceId] });
  await settle();
  const [machine] = drivers.compute.machines();
  expect(machine?.spec).toMatchObject({ instanceType: 't3.small', memoryMiB: 2048 });
});

test('a change that a guest reads waits until the server can publish it', async () => {
  const { operationContext, instanceId: InstanceId } = await launched();
  const starting = new Error('starting');
  const context = {
    ...(await operationContext()),
    untilWorking: () => Promise.reject(starting),
  };
  const Groups = ['sg-00000000'];
  await expect(modifyInstanceAttribute(context, { InstanceId, Groups })).rejects.toBe(starting);
  // No guest reads this.
  await modifyInstanceAttribute(context, { InstanceId, DisableApiStop: { Value: true } });
});
