import type { HostId, NetworkInterfaceId, RecordKind } from '@bakehouse/domain';
import { recordKinds } from '@bakehouse/domain';
import { anElasticAddress } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import type { OperationName } from '../operation.ts';
import { launched } from '../testing/launched.ts';

const otherHostId: HostId = 'host-0bbbbbbbbbbbbbbb1';
const keptNicId: NetworkInterfaceId = 'eni-0bbbbbbbbbbbbbbb1';
const hereNicId: NetworkInterfaceId = 'eni-0bbbbbbbbbbbbbbb2';
const allocationId = 'eipalloc-0bbbbbbbbbbbbbbb1';
const elasticIp = '127.18.9.9';

/**
 * An instance on another host, with its interface, a volume that is not attached, an interface that an ended instance
 * has left with an Elastic IP address and a secondary address, and a snapshot of the root volume that is pending. Of this
 * host: a further interface of the same subnet.
 */
async function twoHosts(state: 'running' | 'stopped') {
  const context = await launched({}, state);
  const { call, instanceId, metadata, read, settle, instance } = context;
  const { VolumeId = '' } = await call('CreateVolume', {
    AvailabilityZone: (await instance()).zone,
    Size: 1,
  });
  const rootId = (await instance()).volumes[0]?.volumeId ?? '';
  const { SnapshotId = '' } = await call('CreateSnapshot', { VolumeId: rootId });
  await settle();
  const nicId = (await instance()).networkInterfaceId;
  const ofNic = await metadata.write(async (tx) => {
    const moved = await tx.get('instance', instanceId);
    const nic = await tx.get('networkInterface', nicId);
    const snapshot = await tx.get('snapshot', SnapshotId);
    if (!moved || !nic || !snapshot) throw new Error('records are missing');
    const { attachment: _, ...kept } = { ...nic, hostId: otherHostId };
    await tx.put('instance', { ...moved, hostId: otherHostId });
    await tx.put('networkInterface', { ...nic, hostId: otherHostId });
    const secondaryIp = nic.privateIp.replace(/\d+$/, '251');
    const free = { ...kept, status: 'available' } as const;
    await tx.put('networkInterface', { ...free, id: keptNicId, secondaryIps: [secondaryIp] });
    const privateIp = nic.privateIp.replace(/\d+$/, '252');
    await tx.put('networkInterface', { ...free, id: hereNicId, hostId: nic.hostId, privateIp });
    const association = {
      id: 'eipassoc-0bbbbbbbbbbbbbbb1',
      nicId: keptNicId,
      privateIp: nic.privateIp,
    } as const;
    const { ownerId, region } = nic;
    await tx.put(
      'elasticAddress',
      anElasticAddress({ id: allocationId, ownerId, region, publicIp: elasticIp, association }),
    );
    await tx.put('snapshot', { ...snapshot, state: 'pending' });
    for (const volume of await tx.list('volume'))
      await tx.put('volume', { ...volume, hostId: otherHostId });
    const [groupId = ''] = nic.groupIds;
    return { groupId, attachmentId: nic.attachment?.id ?? '', secondaryIp, vpcId: nic.vpcId };
  });
  const { ImageId = '' } = await call('DescribeImages', {}).then(({ Images: [first] = [] }) => ({
    ImageId: first?.ImageId,
  }));
  const records = async () => {
    const all: Partial<Record<RecordKind, unknown>> = {};
    for (const kind of recordKinds) all[kind] = await read((reader) => reader.list(kind));
    return all;
  };
  return { ...context, VolumeId, ImageId, SnapshotId, rootId, nicId, ...ofNic, records };
}

type TwoHosts = Awaited<ReturnType<typeof twoHosts>>;
type Request = (world: TwoHosts) => object;

const ids: Request = ({ instanceId }) => ({ InstanceIds: [instanceId] });
const id: Request = ({ instanceId }) => ({ InstanceId: instanceId });
const groupsOfInstance: Request = (w) => ({ ...id(w), Groups: [w.groupId] });
const groupsOfInterface: Request = ({ nicId, groupId }) => ({
  NetworkInterfaceId: nicId,
  Groups: [groupId],
});

const refused: readonly (readonly [OperationName, 'running' | 'stopped', Request])[] = [
  ['StartInstances', 'stopped', ids],
  ['StopInstances', 'running', ids],
  ['RebootInstances', 'running', ids],
  ['TerminateInstances', 'running', ids],
  ['TerminateInstances', 'stopped', ids],
  ['MonitorInstances', 'running', ids],
  ['GetConsoleOutput', 'running', id],
  ['GetConsoleScreenshot', 'running', id],
  ['ModifyInstanceMetadataOptions', 'running', (w) => ({ ...id(w), HttpTokens: 'optional' })],
  ['CreateImage', 'running', (w) => ({ ...id(w), Name: 'an-image', NoReboot: true })],
  ['CreateImage', 'stopped', (w) => ({ ...id(w), Name: 'an-image' })],
  ['CreateSnapshots', 'running', (w) => ({ InstanceSpecification: id(w) })],
  ['CreateSnapshot', 'running', ({ rootId }) => ({ VolumeId: rootId })],
  ['CreateSnapshot', 'running', ({ VolumeId }) => ({ VolumeId })],
  ['ModifyVolume', 'running', ({ VolumeId }) => ({ VolumeId, Size: 2 })],
  ['DeleteVolume', 'running', ({ VolumeId }) => ({ VolumeId })],
  ['AttachVolume', 'running', (w) => ({ ...id(w), VolumeId: w.VolumeId, Device: '/dev/sdf' })],
  ['DetachVolume', 'stopped', ({ rootId }) => ({ VolumeId: rootId })],
  ['DeleteSnapshot', 'running', ({ SnapshotId }) => ({ SnapshotId })],
  ['DeleteNetworkInterface', 'running', () => ({ NetworkInterfaceId: keptNicId })],
  [
    'AttachNetworkInterface',
    'running',
    (w) => ({ ...id(w), NetworkInterfaceId: keptNicId, DeviceIndex: 1 }),
  ],
  [
    'DetachNetworkInterface',
    'stopped',
    ({ attachmentId }) => ({ AttachmentId: attachmentId, Force: true }),
  ],
  [
    'AssignPrivateIpAddresses',
    'running',
    ({ nicId }) => ({ NetworkInterfaceId: nicId, SecondaryPrivateIpAddressCount: 1 }),
  ],
  [
    'AssignPrivateIpAddresses',
    'running',
    ({ secondaryIp }) => ({
      NetworkInterfaceId: hereNicId,
      PrivateIpAddresses: [secondaryIp],
      AllowReassignment: true,
    }),
  ],
  ['AssociateAddress', 'running', (w) => ({ ...id(w), AllocationId: allocationId })],
  ['DisassociateAddress', 'running', () => ({ PublicIp: elasticIp })],
  [
    'ResetNetworkInterfaceAttribute',
    'running',
    ({ nicId }) => ({ NetworkInterfaceId: nicId, SourceDestCheck: 'true' }),
  ],
  ['ModifyNetworkInterfaceAttribute', 'running', groupsOfInterface],
  ['ModifyNetworkInterfaceAttribute', 'stopped', groupsOfInterface],
  ['ModifyInstanceAttribute', 'running', groupsOfInstance],
  ['ModifyInstanceAttribute', 'stopped', groupsOfInstance],
];

test.each(refused)(
  '%s is refused for what is on another host, %s, and changes nothing',
  async (operation, state, request) => {
    const world = await twoHosts(state);
    const before = await world.records();
    const call = world.callUntyped(operation, request(world));
    await expect(call).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining(otherHostId),
    });
    await world.settle();
    expect(await world.records()).toEqual(before);
  },
);

const recorded: readonly (readonly [OperationName, Request])[] = [
  ['ModifyInstanceAttribute', (w) => ({ ...id(w), DisableApiTermination: { Value: true } })],
  [
    'ModifyNetworkInterfaceAttribute',
    ({ nicId }) => ({ NetworkInterfaceId: nicId, Description: { Value: 'of the other host' } }),
  ],
  [
    'ModifyNetworkInterfaceAttribute',
    ({ nicId }) => ({ NetworkInterfaceId: nicId, AssociatePublicIpAddress: false }),
  ],
  ['AssociateVpcCidrBlock', ({ vpcId }) => ({ VpcId: vpcId, CidrBlock: '100.64.0.0/16' })],
  ['ModifyVolumeAttribute', ({ VolumeId }) => ({ VolumeId, AutoEnableIO: { Value: true } })],
  [
    'CreateTags',
    ({ VolumeId }) => ({ Resources: [VolumeId], Tags: [{ Key: 'of', Value: 'another host' }] }),
  ],
];

test.each(recorded)(
  '%s, which only changes a record, succeeds for what is on another host',
  async (operation, request) => {
    const world = await twoHosts('running');
    const before = await world.records();
    await world.callUntyped(operation, request(world));
    expect(await world.records()).not.toEqual(before);
  },
);

test('a volume cannot be attached to an instance on another host, as to one in another zone', async () => {
  const world = await twoHosts('running');
  const { call, instanceId, instance, ImageId, settle } = world;
  const { VolumeId = '' } = await call('CreateVolume', {
    AvailabilityZone: (await instance()).zone,
    Size: 1,
  });
  const launch = { ImageId, MinCount: 1, MaxCount: 1 };
  const { Instances: [here] = [] } = await call('RunInstances', launch);
  const hereId = here?.InstanceId ?? '';
  await settle();
  const Device = '/dev/sdf';
  for (const [volume, target] of [
    [VolumeId, instanceId],
    [world.VolumeId, hereId],
  ] as const) {
    const attach = call('AttachVolume', { VolumeId: volume, InstanceId: target, Device });
    await expect(attach).rejects.toMatchObject({ code: 'InvalidVolume.ZoneMismatch' });
  }
  await call('AttachVolume', { VolumeId, InstanceId: hereId, Device });
});

test('what is elsewhere is described, and new instances and volumes are here', async () => {
  const world = await twoHosts('running');
  const { call, instanceId, ImageId, read, settle } = world;
  const described = await call('DescribeInstances', { InstanceIds: [instanceId] });
  expect(described.Reservations?.[0]?.Instances?.[0]?.State?.Name).toBe('running');
  await call('RunInstances', { ImageId, MinCount: 1, MaxCount: 1 });
  await settle();
  const instances = await read((reader) => reader.list('instance'));
  const made = instances.find(({ id }) => id !== instanceId);
  expect([made?.state, made?.hostId]).toEqual(['running', 'host-0aaaaaaaaaaaaaaa1']);
});
