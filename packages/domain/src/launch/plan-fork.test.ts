import { randomIds } from '@bakehouse/base';
import {
  aNetworkInterface,
  anAttachment,
  anImage,
  anInstance,
  aSecurityGroup,
  aSubnet,
  aVolume,
} from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { planFork } from './plan-fork.ts';

const tags = { Name: 'web', team: 'a', 'aws:ec2launchtemplate:id': 'lt-0aaaaaaaaaaaaaaa1' };
const own = anInstance({
  tags,
  state: 'running',
  disableApiTermination: true,
  disableApiStop: true,
  shutdownBehavior: 'terminate',
  userDataBase64: 'IyEvYmluL3No',
});
const { id: instanceId } = own;
const attachment = { instanceId, state: 'attached', attachedAt: 1 } as const;
const volumes = [
  aVolume({
    tags,
    attachment: { ...attachment, deviceName: '/dev/xvda', deleteOnTermination: true },
  }),
  aVolume({
    id: 'vol-0aaaaaaaaaaaaaaa7',
    tags,
    attachment: { ...attachment, deviceName: '/dev/sdf', deleteOnTermination: false },
  }),
];
const nic = aNetworkInterface({
  tags,
  description: 'front',
  sourceDestCheck: false,
  secondaryIps: ['10.0.0.77'],
  publicIp: '127.18.0.9',
  associatePublicIp: true,
  attachment: { ...anAttachment(instanceId), deleteOnTermination: false },
});
const subnet = aSubnet();
const group = aSecurityGroup();

const plan = (publicIp?: string) =>
  planFork(
    {
      ...{ instance: own, image: anImage(), volumes, nics: [nic], snapshots: [] },
      ...{ subnet, groups: [group], now: 9, reservationId: 'r-0aaaaaaaaaaaaaaa1' },
    },
    { launchIndex: 0, privateIp: '10.0.0.88', ...(publicIp === undefined ? {} : { publicIp }) },
    randomIds,
  );

test('a fork has the settings of the instance, but not its name and protections', () => {
  const { instance } = plan();
  expect(instance).toMatchObject({
    tags: { team: 'a' },
    disableApiTermination: false,
    disableApiStop: false,
    shutdownBehavior: 'terminate',
    userDataBase64: 'IyEvYmluL3No',
    metadataOptions: { ...own.metadataOptions, state: 'pending' },
    state: 'pending',
    generation: 1,
    forkedFrom: { instanceId },
  });
  expect(instance.forkedFrom).not.toHaveProperty('instant');
});

test('its volumes are deleted with it where those of the instance are', () => {
  const { instance, volumes: copies } = plan();
  expect(copies.map((each) => each.tags)).toEqual([{ team: 'a' }, { team: 'a' }]);
  const kept = [
    { deviceName: '/dev/xvda', deleteOnTermination: true },
    { deviceName: '/dev/sdf', deleteOnTermination: false },
  ];
  expect(copies.map((each) => each.attachment)).toMatchObject(kept);
  expect(instance.volumes).toMatchObject(kept);
});

test('its interface is deleted with it, and has one private address and no address of the other', () => {
  const [copy] = plan('127.18.0.10').nics;
  expect(copy).toMatchObject({
    tags: { team: 'a' },
    description: 'front',
    sourceDestCheck: false,
    groupIds: [group.id],
    privateIp: '10.0.0.88',
    publicIp: '127.18.0.10',
    associatePublicIp: true,
    attachment: { deleteOnTermination: true, deviceIndex: 0 },
  });
  expect(copy).not.toHaveProperty('secondaryIps');
  expect(copy?.macAddress).not.toBe(nic.macAddress);
  expect(plan().nics[0]).toMatchObject({ associatePublicIp: false });
});
