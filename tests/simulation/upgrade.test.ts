import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Ec2Operations, withCheckedAnswers } from '@bakehouse/aws-model';
import { silentLogger } from '@bakehouse/base';
import { ec2Api, type OperationName } from '@bakehouse/ec2';
import { ManualClock, seededIds, simulatedDrivers } from '@bakehouse/fakes';
import { openSqliteMetadataStore } from '@bakehouse/metadata-sqlite';
import { createControlPlane, firstAccountId, platformAccountId } from '@bakehouse/orchestration';
import { aHostId, type EarlierVersion, readEarlierDatabase } from '@bakehouse/testkit';
import { afterEach, expect, test } from 'vitest';

let cleanUp: () => Promise<void> = async () => {};
afterEach(() => cleanUp());

const checkedApi = withCheckedAnswers(ec2Api);

/** A server with simulated compute that starts on a database of an earlier version. */
async function upgraded(version: EarlierVersion) {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-upgrade-'));
  const path = join(folder, 'metadata.sqlite');
  const earlier = new DatabaseSync(path);
  earlier.exec(await readEarlierDatabase(version));
  earlier.close();
  const metadata = await openSqliteMetadataStore({ path, hostId: aHostId });
  const clock = new ManualClock();
  const plane = createControlPlane({
    metadata,
    drivers: simulatedDrivers({ clock }),
    clock,
    ids: seededIds('upgrade'),
    logger: silentLogger,
    settings: {
      regions: ['us-east-1', 'us-west-2'],
      platformAccountId,
      compute: 'simulated',
      hostId: aHostId,
      publicCidr: '127.18.0.0/16',
    },
  });
  cleanUp = async () => {
    await plane.stop();
    await metadata.close();
    await rm(folder, { recursive: true });
  };
  await plane.start();
  await plane.engine.settle();
  return {
    plane,
    metadata,
    async call<Name extends OperationName>(name: Name, request: Ec2Operations[Name]['input']) {
      const scope = { accountId: firstAccountId, region: 'us-east-1' };
      const context = await plane.operationContext(scope, 'upgrade');
      return (await checkedApi.call(name, context, request)) as Ec2Operations[Name]['output'];
    },
  };
}

test('captures that the upgrade interrupted are completed, and the bake that it cut off leaves nothing', async () => {
  const { call, plane, metadata } = await upgraded(1);
  const { Snapshots = [] } = await call('DescribeSnapshots', { OwnerIds: ['self'] });
  const states = new Map(Snapshots.map(({ SnapshotId, State }) => [SnapshotId, State]));
  const interrupted = [
    'snap-0828463329035bd7f',
    'snap-02f0bca70e14c8c97',
    'snap-0e1d3ef7de126dab4',
  ];
  expect(interrupted.map((id) => states.get(id))).toEqual(['completed', 'completed', 'completed']);
  expect(states.get('snap-0648d31a2ad5316f0')).toBe('completed');
  const baked = await metadata.read((tx) =>
    tx.list('snapshot', { where: { owner: [platformAccountId] } }),
  );
  const bakedStates = new Map<string, string>(baked.map(({ id, state }) => [id, state]));
  expect(bakedStates.get('snap-0b1d49ff96f15ccf5')).toBe('completed');
  // What the bake had begun: nothing would ever complete it.
  expect(bakedStates.has('snap-0ba9bb8fcb6a6cfd0')).toBe(false);
  const { Images = [] } = await call('DescribeImages', { ImageIds: ['ami-075fe501f1e66599b'] });
  expect(Images).toMatchObject([{ Name: 'in-progress', State: 'available' }]);
  expect(plane.engine.list('parked')).toEqual([]);
});

test('everything that the first version recorded is described in the shape of the model', async () => {
  const { call } = await upgraded(1);
  const { Images = [] } = await call('DescribeImages', { Owners: ['self'] });
  const encrypted = Images.find(({ Name }) => Name === 'encrypted');
  expect(encrypted?.BlockDeviceMappings).toMatchObject([
    { DeviceName: '/dev/sda1', Ebs: { Encrypted: true } },
    { DeviceName: '/dev/sdb', Ebs: { Encrypted: true } },
  ]);
  const { Snapshots = [] } = await call('DescribeSnapshots', {
    SnapshotIds: ['snap-0a00000000000000b'],
  });
  expect(Snapshots).toMatchObject([{ Encrypted: true, KmsKeyId: 'alias/aws/ebs' }]);
  const { Volumes = [] } = await call('DescribeVolumes', {});
  expect(Volumes).toHaveLength(7);
  expect(Volumes.map(({ Encrypted }) => Encrypted)).toEqual(Volumes.map(() => false));
  const { Reservations = [] } = await call('DescribeInstances', {});
  expect(Reservations).toHaveLength(6);
});

const bootMembers = new Set([
  'BootMode',
  'CurrentInstanceBootMode',
  'KernelId',
  'RamdiskId',
  'RootDeviceName',
  'RootDeviceType',
  'VirtualizationType',
]);

const ids = { KernelId: 'aki-0a00000c', RamdiskId: 'ari-0a00000c' };
const hvm = { VirtualizationType: 'hvm', RootDeviceType: 'ebs' };
const paravirtual = { VirtualizationType: 'paravirtual', RootDeviceType: 'ebs' };
const store = { RootDeviceType: 'instance-store' };

test.each([
  ['hvm', hvm, 'legacy-bios'],
  ['hvm-legacy-bios', { ...hvm, BootMode: 'legacy-bios' }, 'legacy-bios'],
  ['hvm-uefi-preferred', { ...hvm, BootMode: 'uefi-preferred' }, 'legacy-bios'],
  ['hvm-uefi', { ...hvm, BootMode: 'uefi' }, 'uefi'],
  // Made of a seed file that names no virtualization type.
  ['hvm-kernel', { ...hvm, ...ids }, 'legacy-bios'],
  ['hvm-instance-store', { ...hvm, ...store }, 'legacy-bios'],
  ['pv-instance-store', { ...paravirtual, ...ids, ...store }, 'legacy-bios'],
  ['pv-kernel', { ...paravirtual, KernelId: ids.KernelId }, 'legacy-bios'],
  ['pv', paravirtual, 'legacy-bios'],
  // Version 2 showed the boot mode that a seed file gave it, which EC2 has for hvm alone.
  ['pv-uefi', { ...paravirtual, ...ids }, 'legacy-bios'],
] as const)(
  'the image %s of version 2 and its instance are described as before',
  async (name, members, current) => {
    const { call } = await upgraded(2);
    const shown = (from: object = {}) =>
      Object.fromEntries(Object.entries(from).filter(([member]) => bootMembers.has(member)));
    const Filters = [{ Name: 'name', Values: [name] }];
    const { Images: [image] = [] } = await call('DescribeImages', { Filters });
    expect(shown(image)).toEqual({ RootDeviceName: '/dev/sda1', ...members });
    const found = await call('DescribeInstances', {
      Filters: [{ Name: 'client-token', Values: [name] }],
    });
    const instance = found.Reservations?.[0]?.Instances?.[0];
    expect(shown(instance)).toEqual({
      RootDeviceName: '/dev/sda1',
      ...members,
      CurrentInstanceBootMode: current,
    });
  },
);
