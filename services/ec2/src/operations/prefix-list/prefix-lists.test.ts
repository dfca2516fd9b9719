import { describe, expect, test } from 'vitest';
import { launched } from '../../testing/launched.ts';
import { type TestContext, testContext } from '../../testing/test-context.ts';

const request = { PrefixListName: 'office', AddressFamily: 'IPv4', MaxEntries: 3 };

async function made(context: TestContext, changes: object = {}) {
  const { PrefixList } = await context.call('CreateManagedPrefixList', { ...request, ...changes });
  return PrefixList?.PrefixListId ?? '';
}

async function cidrs({ call }: TestContext, PrefixListId: string, TargetVersion?: number) {
  const version = TargetVersion === undefined ? {} : { TargetVersion };
  const { Entries } = await call('GetManagedPrefixListEntries', { PrefixListId, ...version });
  return Entries?.map(({ Cidr }) => Cidr);
}

describe('a managed prefix list', () => {
  test('has versions, whose entries stay to be read', async () => {
    const context = await testContext();
    const { call } = context;
    const PrefixListId = await made(context, { Entries: [{ Cidr: '10.1.0.7/16' }] });
    expect(await cidrs(context, PrefixListId)).toEqual(['10.1.0.0/16']);
    const { PrefixList } = await call('ModifyManagedPrefixList', {
      PrefixListId,
      CurrentVersion: 1,
      AddEntries: [{ Cidr: '10.2.0.0/16', Description: 'the second' }],
      RemoveEntries: [{ Cidr: '10.1.0.0/16' }],
    });
    expect(PrefixList).toMatchObject({ Version: 2, State: 'modify-complete', MaxEntries: 3 });
    expect(await cidrs(context, PrefixListId)).toEqual(['10.2.0.0/16']);
    expect(await cidrs(context, PrefixListId, 1)).toEqual(['10.1.0.0/16']);
    await expect(cidrs(context, PrefixListId, 3)).rejects.toMatchObject({
      code: 'InvalidParameterValue',
    });
  });

  test('is let in by a rule, with each change of its entries, when the call returns', async () => {
    const context = await launched();
    const { call, drivers, instance } = context;
    const { privateIp: toIp } = (await context.read(async (tx) =>
      tx.get('networkInterface', (await instance()).networkInterfaceId),
    )) ?? { privateIp: '' };
    const passes = (fromIp: string) =>
      drivers.network.allows({ fromIp, toIp, protocol: 'tcp', port: 22 });
    const toPublic = async () => {
      const { Reservations } = await call('DescribeInstances', {});
      return Reservations?.[0]?.Instances?.[0]?.PublicIpAddress ?? '';
    };
    const PrefixListId = await made(context, { Entries: [{ Cidr: '203.0.113.0/24' }] });
    const IpPermissions = [
      {
        IpProtocol: 'tcp',
        FromPort: 22,
        ToPort: 22,
        PrefixListIds: [{ PrefixListId, Description: 'office' }],
      },
    ];
    expect(await toPublic()).not.toBe('');
    expect(passes('203.0.113.7')).toBe(false);
    const { SecurityGroupRules: [rule] = [] } = await call('AuthorizeSecurityGroupIngress', {
      GroupName: 'default',
      IpPermissions,
    });
    expect(rule).toMatchObject({ PrefixListId, Description: 'office' });
    expect(passes('203.0.113.7')).toBe(true);
    await call('ModifyManagedPrefixList', {
      PrefixListId,
      CurrentVersion: 1,
      AddEntries: [{ Cidr: '198.51.100.0/24' }],
      RemoveEntries: [{ Cidr: '203.0.113.0/24' }],
    });
    expect(passes('203.0.113.7')).toBe(false);
    expect(passes('198.51.100.7')).toBe(true);
    const { SecurityGroups } = await call('DescribeSecurityGroups', {
      Filters: [{ Name: 'ip-permission.prefix-list-id', Values: [PrefixListId] }],
    });
    expect(SecurityGroups?.[0]?.IpPermissions).toContainEqual(
      expect.objectContaining({ PrefixListIds: [{ PrefixListId, Description: 'office' }] }),
    );
    const associations = await call('GetManagedPrefixListAssociations', { PrefixListId });
    expect(associations.PrefixListAssociations).toMatchObject([{ ResourceId: rule?.GroupId }]);
    await expect(call('DeleteManagedPrefixList', { PrefixListId })).rejects.toMatchObject({
      code: 'DependencyViolation',
    });
    await call('RevokeSecurityGroupIngress', { GroupName: 'default', IpPermissions });
    expect(passes('198.51.100.7')).toBe(false);
    const { PrefixList } = await call('DeleteManagedPrefixList', { PrefixListId });
    expect(PrefixList?.State).toBe('delete-complete');
    expect((await call('DescribeManagedPrefixLists', {})).PrefixLists).toEqual([]);
  });

  test('counts with all that it may hold against the rules of a group', async () => {
    const context = await testContext();
    const PrefixListId = await made(context, { MaxEntries: 61 });
    const authorize = context.call('AuthorizeSecurityGroupIngress', {
      GroupName: 'default',
      IpPermissions: [{ IpProtocol: '-1', PrefixListIds: [{ PrefixListId }] }],
    });
    await expect(authorize).rejects.toMatchObject({ code: 'RulesPerSecurityGroupLimitExceeded' });
  });

  test('has no more entries than the groups and route tables that refer to it have room for', async () => {
    const context = await testContext();
    const { call } = context;
    const [ofGroup, ofTable] = [await made(context), await made(context)];
    await call('AuthorizeSecurityGroupIngress', {
      GroupName: 'default',
      IpPermissions: [{ IpProtocol: '-1', PrefixListIds: [{ PrefixListId: ofGroup }] }],
    });
    const { RouteTables: [table] = [] } = await call('DescribeRouteTables', {});
    const GatewayId = table?.Routes?.find((each) => each.GatewayId?.startsWith('igw-'))?.GatewayId;
    await call('CreateRoute', {
      RouteTableId: table?.RouteTableId ?? '',
      DestinationPrefixListId: ofTable,
      GatewayId,
    });
    const raise = (PrefixListId: string, MaxEntries: number) =>
      call('ModifyManagedPrefixList', { PrefixListId, MaxEntries });
    // The default group has another rule, as the table has another route.
    for (const [id, room, code] of [
      [ofGroup, 59, 'RulesPerSecurityGroupLimitExceeded'],
      [ofTable, 499, 'RouteLimitExceeded'],
    ] as const) {
      await expect(raise(id, room + 1)).rejects.toMatchObject({ code });
      expect((await raise(id, room)).PrefixList?.MaxEntries).toBe(room);
    }
  });

  test('is one of at most 100 in a region', async () => {
    const context = await testContext();
    for (let count = 0; count < 100; count += 1)
      await made(context, { PrefixListName: `${count}` });
    await expect(made(context)).rejects.toMatchObject({
      code: 'ResourceLimitExceeded',
      message:
        'The maximum number of prefix lists has been reached: region us-east-1 can have 100.',
    });
  });

  test('is found by its filters and its tags, and read page by page', async () => {
    const context = await testContext();
    const { call } = context;
    const Tags = [{ Key: 'team', Value: 'net' }];
    const id = await made(context, {
      PrefixListName: 'tagged',
      TagSpecifications: [{ ResourceType: 'prefix-list', Tags }],
      Entries: ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24'].map((Cidr) => ({ Cidr })),
    });
    await made(context);
    for (const [Name, value] of [
      ['prefix-list-name', 'tagged'],
      ['prefix-list-id', id],
      ['tag:team', 'net'],
    ] as const) {
      const Filters = [{ Name, Values: [value] }];
      const { PrefixLists } = await call('DescribeManagedPrefixLists', { Filters });
      expect(PrefixLists).toMatchObject([{ PrefixListId: id, Tags, State: 'create-complete' }]);
    }
    const first = await call('GetManagedPrefixListEntries', { PrefixListId: id, MaxResults: 2 });
    expect(first.Entries).toHaveLength(2);
    const NextToken = first.NextToken ?? '';
    const rest = await call('GetManagedPrefixListEntries', { PrefixListId: id, NextToken });
    expect(rest.Entries).toEqual([{ Cidr: '10.0.2.0/24' }]);
    expect((await call('DescribePrefixLists', {})).PrefixLists).toEqual([]);
  });

  test.each([
    [{ PrefixListName: 'com.amazonaws.x' }, 'InvalidParameterValue'],
    [{ MaxEntries: 0 }, 'InvalidParameterValue'],
    [{ AddressFamily: 'IPv5' }, 'InvalidParameterValue'],
    [{ Entries: [{ Cidr: '::/0' }] }, 'InvalidParameterValue'],
    [{ Entries: [{ Cidr: '10.0.0.0/8' }, { Cidr: '10.1.0.0/8' }] }, 'InvalidParameterValue'],
    [
      { Entries: ['1', '2', '3', '4'].map((n) => ({ Cidr: `10.${n}.0.0/16` })) },
      'PrefixListMaxEntriesExceeded',
    ],
  ])('of %j is refused with %s', async (changes, code) => {
    const context = await testContext();
    await expect(made(context, changes)).rejects.toMatchObject({ code });
  });

  test.each([
    [{ AddEntries: [{ Cidr: '10.0.0.0/8' }] }, 'MissingParameter'],
    [{ AddEntries: [{ Cidr: '10.0.0.0/8' }], CurrentVersion: 7 }, 'PrefixListVersionMismatch'],
    [{ RemoveEntries: [{ Cidr: '10.0.0.0/8' }], CurrentVersion: 1 }, 'InvalidParameterValue'],
    [
      { AddEntries: [{ Cidr: '10.0.0.0/8' }], CurrentVersion: 1, MaxEntries: 9 },
      'InvalidParameterCombination',
    ],
    [{ PrefixListId: 'pl-0000000000000000f', MaxEntries: 9 }, 'InvalidPrefixListID.NotFound'],
    [{ PrefixListId: 'x', MaxEntries: 9 }, 'InvalidPrefixListId.Malformed'],
  ])('changed by %j is refused with %s', async (changes, code) => {
    const context = await testContext();
    const PrefixListId = await made(context);
    const modify = context.call('ModifyManagedPrefixList', { PrefixListId, ...changes });
    await expect(modify).rejects.toMatchObject({ code });
  });
});
