import type { ElasticAddress, Instance, NetworkInterface, SecurityGroup } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { instanceView } from './instance.ts';

// As much of the records as the view reads; stored records are frozen.
const record = <R>(members: Partial<R>) => Object.freeze(members) as R;
const instance = record<Instance>({
  id: 'i-00000000000000001',
  instanceType: 't3.micro',
  zone: 'us-east-1a',
  root: { kind: 'ebs', deviceName: '/dev/xvda' },
  boot: { kind: 'disk' },
  platformDetails: 'Linux/UNIX',
  volumes: [],
  tags: {},
  launchedAt: 0,
  createdAt: 0,
  metadataOptions: record<Instance['metadataOptions']>({}),
});
const nic = record<NetworkInterface>({ privateIp: '10.0.0.4', region: 'us-east-1', createdAt: 0 });
const group = record<SecurityGroup>({ id: 'sg-00000000000000001', name: 'old' });
const primary = { nic, groups: [group], addresses: [{ privateIp: '10.0.0.4', publicName: '' }] };
const facts = { instance, interfaces: [primary] };

test('the same records give the same view, which cannot be changed', () => {
  const view = instanceView(facts);
  expect(instanceView({ ...facts, interfaces: [{ ...primary, groups: [group] }] })).toBe(view);
  expect(Object.isFrozen(view)).toBe(true);
});

test('a change of a related record gives another view', () => {
  instanceView(facts);
  const newGroups = [{ ...group, name: 'new' }];
  const renamed = { ...facts, interfaces: [{ ...primary, groups: newGroups }] };
  expect(instanceView(renamed).SecurityGroups).toMatchObject([{ GroupName: 'new' }]);
  const automatic = { nic: { ...nic, publicIp: '127.0.0.9' } };
  const addresses = [{ privateIp: '10.0.0.4', publicIp: '127.0.0.9', publicName: '' }];
  const moved = { ...facts, interfaces: [{ ...primary, ...automatic, addresses }] };
  expect(instanceView(moved).PublicIpAddress).toBe('127.0.0.9');
  const elastic = record<ElasticAddress>({ id: 'eipalloc-1', ownerId: '1', publicIp: '127.0.0.8' });
  const own = [{ privateIp: '10.0.0.4', publicIp: '127.0.0.8', publicName: '', elastic }];
  const kept = { ...facts, interfaces: [{ ...primary, addresses: own }] };
  expect(instanceView(kept).PublicIpAddress).toBe('127.0.0.8');
  expect(instanceView({ instance, interfaces: [] }).NetworkInterfaces).toEqual([]);
});

test('a record that may still change is looked at each time', () => {
  const draft = { ...instance, keyName: 'a' };
  expect(instanceView({ ...facts, instance: draft }).KeyName).toBe('a');
  draft.keyName = 'b';
  expect(instanceView({ ...facts, instance: draft }).KeyName).toBe('b');
});
