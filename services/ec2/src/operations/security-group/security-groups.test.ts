import { describe, expect, test } from 'vitest';
import { groupOf, launchIn, newGroup, tcp } from '../../testing/group-fixtures.ts';
import { testContext } from '../../testing/test-context.ts';

describe('CreateSecurityGroup', () => {
  test('a new group lets everything out and nothing in', async () => {
    const context = await testContext();
    const group = await groupOf(context, await newGroup(context));
    expect(group?.IpPermissions).toEqual([]);
    expect(group?.IpPermissionsEgress).toEqual([
      {
        IpProtocol: '-1',
        IpRanges: [{ CidrIp: '0.0.0.0/0' }],
        Ipv6Ranges: [],
        PrefixListIds: [],
        UserIdGroupPairs: [],
      },
    ]);
  });

  test.each([
    [{ GroupName: 'default' }, 'InvalidGroup.Reserved'],
    [{ GroupName: 'sg-web' }, 'InvalidParameterValue'],
    [{ GroupName: 'wéb' }, 'InvalidParameterValue'],
    [{ GroupName: 'x'.repeat(256) }, 'InvalidParameterValue'],
    [{ GroupName: '' }, 'MissingParameter'],
    [{ Description: 'a "quoted" one' }, 'InvalidParameterValue'],
    [{ Description: '' }, 'MissingParameter'],
    [{ VpcId: 'vpc-1' }, 'InvalidVpcID.Malformed'],
    [{ VpcId: 'vpc-0000000000000000f' }, 'InvalidVpcID.NotFound'],
    [{ GroupName: 'taken' }, 'InvalidGroup.Duplicate'],
  ])('%j returns %s', async (changes, code) => {
    const context = await testContext();
    await newGroup(context, 'taken');
    const request = { GroupName: 'web', Description: 'a group', ...changes };
    await expect(context.call('CreateSecurityGroup', request)).rejects.toMatchObject({ code });
  });
});

describe('DeleteSecurityGroup', () => {
  test('by id or by name, with its rules', async () => {
    const context = await testContext();
    const GroupId = await newGroup(context);
    await newGroup(context, 'other');
    await context.call('DeleteSecurityGroup', { GroupId });
    await context.call('DeleteSecurityGroup', { GroupName: 'other' });
    const { SecurityGroups } = await context.call('DescribeSecurityGroups', {});
    expect(SecurityGroups?.map((group) => group.GroupName)).toEqual(['default']);
    const { SecurityGroupRules } = await context.call('DescribeSecurityGroupRules', {});
    expect(SecurityGroupRules).toHaveLength(2);
  });

  test('is refused for the default group', async () => {
    const { call } = await testContext();
    await expect(call('DeleteSecurityGroup', { GroupName: 'default' })).rejects.toMatchObject({
      code: 'CannotDelete',
      message: expect.stringMatching(/^the specified group: "sg-.*" name: "default" cannot be/),
    });
  });

  test('is refused while an interface or a rule of another group needs it', async () => {
    const context = await testContext();
    const [used, named] = [await newGroup(context, 'used'), await newGroup(context, 'named')];
    await launchIn(context, used);
    const pair = { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: named }] };
    const grant = { GroupId: used, IpPermissions: [pair] };
    await context.call('AuthorizeSecurityGroupIngress', grant);
    for (const GroupId of [used, named]) {
      await expect(context.call('DeleteSecurityGroup', { GroupId })).rejects.toMatchObject({
        code: 'DependencyViolation',
        message: `resource ${GroupId} has a dependent object`,
      });
    }
    await context.call('RevokeSecurityGroupIngress', grant);
    await context.call('DeleteSecurityGroup', { GroupId: named });
  });

  test("does not see another account's group", async () => {
    const context = await testContext();
    const GroupId = await newGroup(context);
    const other = { accountId: '210987654321' };
    await expect(context.call('DeleteSecurityGroup', { GroupId }, other)).rejects.toMatchObject({
      code: 'InvalidGroup.NotFound',
    });
  });
});

describe('DescribeSecurityGroups', () => {
  test.each<[string, string, readonly string[]]>([
    ['group-name', 'w*', ['web']],
    ['description', 'default VPC security group', ['default']],
    ['ip-permission.cidr', '10.0.0.0/8', ['web']],
    ['ip-permission.from-port', '22', ['web']],
    ['ip-permission.group-name', 'db', ['web']],
    ['ip-permission.ipv6-cidr', '::/0', ['web']],
    ['ip-permission.protocol', '-1', ['default']],
    ['egress.ip-permission.cidr', '0.0.0.0/0', ['db', 'default', 'web']],
    ['egress.ip-permission.user-id', '123456789012', []],
    ['ip-permission.user-id', '123456789012', ['default', 'web']],
    ['tag:tier', 'front', ['web']],
    ['tag-key', 'tier', ['web']],
  ])('filters by %s', async (Name, value, names) => {
    const context = await testContext();
    await newGroup(context, 'db');
    const GroupId = await newGroup(context);
    const Tags = [{ Key: 'tier', Value: 'front' }];
    await context.call('CreateTags', { Resources: [GroupId], Tags });
    const permission = {
      ...tcp(22, 23, '10.0.0.0/8'),
      Ipv6Ranges: [{ CidrIpv6: '::/0' }],
      UserIdGroupPairs: [{ GroupName: 'db' }],
    };
    const grant = { GroupId, IpPermissions: [permission] };
    await context.call('AuthorizeSecurityGroupIngress', grant);
    const Filters = [{ Name, Values: [value] }];
    const { SecurityGroups } = await context.call('DescribeSecurityGroups', { Filters });
    expect(SecurityGroups?.map((group) => group.GroupName).sort()).toEqual(names);
  });

  test.each([
    [{ GroupIds: ['sg-x'] }, 'InvalidGroupId.Malformed'],
    [{ GroupIds: ['sg-0000000000000000f'] }, 'InvalidGroup.NotFound'],
    [{ GroupNames: ['nobody'] }, 'InvalidGroup.NotFound'],
    [{ MaxResults: 4 }, 'InvalidParameterValue'],
    [{ NextToken: 'x' }, 'InvalidNextToken'],
  ])('%j returns %s', async (request, code) => {
    const { call } = await testContext();
    await expect(call('DescribeSecurityGroups', request)).rejects.toMatchObject({ code });
  });

  test('pages through all groups', async () => {
    const context = await testContext();
    for (let index = 0; index < 7; index += 1) await newGroup(context, `group ${index}`);
    const first = await context.call('DescribeSecurityGroups', { MaxResults: 5 });
    const NextToken = first.NextToken ?? '';
    const second = await context.call('DescribeSecurityGroups', { MaxResults: 5, NextToken });
    expect(second.NextToken).toBeUndefined();
    const all = [...(first.SecurityGroups ?? []), ...(second.SecurityGroups ?? [])];
    expect(new Set(all.map((group) => group.GroupName)).size).toBe(8);
  });
});
