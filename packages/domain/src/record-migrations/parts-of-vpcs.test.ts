import { expect, test } from 'vitest';
import { partsOfVpcs } from './parts-of-vpcs.ts';
import type { EarlierRecord } from './record-migration.ts';

const earlierVpc = (changes: object = {}): EarlierRecord => ({
  id: 'vpc-0aaaaaaaaaaaaaaa1',
  ownerId: '123456789012',
  region: 'eu-west-1',
  tags: { Name: 'net' },
  createdAt: 5,
  cidr: '172.31.0.0/16',
  isDefault: true,
  internetGatewayId: 'igw-0aaaaaaaaaaaaaaa2',
  mainRouteTableId: 'rtb-0aaaaaaaaaaaaaaa3',
  ...changes,
});

const convert = partsOfVpcs.converter(() => [], {});
const addedTo = (vpc: EarlierRecord) =>
  partsOfVpcs.added?.((kind) => (kind === 'vpc' ? [vpc] : [])) ?? [];

test('a VPC names its parts, and has nothing of before', () => {
  expect(convert('vpc', earlierVpc({ partTags: {} }))).toEqual({
    id: 'vpc-0aaaaaaaaaaaaaaa1',
    ownerId: '123456789012',
    region: 'eu-west-1',
    tags: { Name: 'net' },
    createdAt: 5,
    cidr: '172.31.0.0/16',
    isDefault: true,
    cidrAssociationId: 'vpc-cidr-assoc-0aaaaaaaaaaaaaaa1',
    dhcpOptionsId: 'dopt-0aaaaaaaaaaaaaaa1',
    mainRouteTable: {
      routeTableId: 'rtb-0aaaaaaaaaaaaaaa3',
      associationId: 'rtbassoc-0aaaaaaaaaaaaaaa1',
    },
    dnsSupport: true,
    dnsHostnames: true,
  });
});

test('the parts have the ids and the tags that clients know', () => {
  const tagged = { 'igw-0aaaaaaaaaaaaaaa2': { a: '1' }, 'acl-0aaaaaaaaaaaaaaa1': { b: '2' } };
  const shown = addedTo(earlierVpc({ partTags: tagged })).map(({ kind, record }) => [
    kind,
    record.id,
    record.tags,
  ]);
  expect(shown).toEqual([
    ['internetGateway', 'igw-0aaaaaaaaaaaaaaa2', { a: '1' }],
    ['routeTable', 'rtb-0aaaaaaaaaaaaaaa3', {}],
    ['networkAcl', 'acl-0aaaaaaaaaaaaaaa1', { b: '2' }],
    ['dhcpOptions', 'dopt-0aaaaaaaaaaaaaaa1', {}],
  ]);
});

test('guests keep the domain that they got by DHCP', () => {
  const domains = (region: string) =>
    addedTo(earlierVpc({ region })).find(({ kind }) => kind === 'dhcpOptions')?.record.options;
  expect(domains('eu-west-1')).toContainEqual({
    key: 'domain-name',
    values: ['eu-west-1.compute.internal'],
  });
  expect(domains('us-east-1')).toContainEqual({ key: 'domain-name', values: ['ec2.internal'] });
});

test("a subnet is of its VPC's network ACL", () => {
  const subnet = { id: 'subnet-0bbbbbbbbbbbbbbb1', vpcId: 'vpc-0aaaaaaaaaaaaaaa1' };
  expect(convert('subnet', subnet)).toEqual({
    ...subnet,
    networkAcl: {
      networkAclId: 'acl-0aaaaaaaaaaaaaaa1',
      associationId: 'aclassoc-0bbbbbbbbbbbbbbb1',
    },
  });
});

test('other records stay as they are', () => {
  const record = { id: 'x' };
  for (const kind of ['image', 'instance', 'networkInterface'] as const)
    expect(convert(kind, record)).toBe(record);
});
