import { describe, expect, test } from 'vitest';
import { groupOf, newGroup, tcp } from '../../testing/group-fixtures.ts';
import { type TestContext, testContext } from '../../testing/test-context.ts';

describe('RevokeSecurityGroupIngress', () => {
  test('takes what a permission names, whatever its description, and says what went', async () => {
    const context = await testContext();
    const GroupId = await newGroup(context);
    const IpPermissions = [tcp(22), tcp(80)];
    await context.call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions });
    const answer = await context.call('RevokeSecurityGroupIngress', {
      GroupId,
      IpPermissions: [{ ...tcp(22), IpRanges: [{ CidrIp: '1.2.3.4/0', Description: 'any' }] }],
    });
    expect(answer.RevokedSecurityGroupRules).toMatchObject([
      { GroupId, IsEgress: false, IpProtocol: 'tcp', FromPort: 22, CidrIpv4: '0.0.0.0/0' },
    ]);
    const left = (await groupOf(context, GroupId))?.IpPermissions;
    expect(left?.map((each) => each.FromPort)).toEqual([80]);
  });

  test('in a default VPC, names what it did not know; in another it takes nothing', async () => {
    const context = await testContext();
    const GroupId = await newGroup(context);
    const known = { GroupId, IpPermissions: [tcp(22)] };
    await context.call('AuthorizeSecurityGroupIngress', known);
    const both = { GroupId, IpPermissions: [tcp(22), tcp(80)] };
    const answer = await context.call('RevokeSecurityGroupIngress', both);
    expect(answer.UnknownIpPermissions).toMatchObject([{ IpProtocol: 'tcp', FromPort: 80 }]);
    expect(answer.RevokedSecurityGroupRules).toHaveLength(1);

    await context.call('AuthorizeSecurityGroupIngress', known);
    await context.metadata.write(async (tx) => {
      for (const vpc of await tx.list('vpc')) await tx.put('vpc', { ...vpc, isDefault: false });
    });
    await expect(context.call('RevokeSecurityGroupIngress', both)).rejects.toMatchObject({
      code: 'InvalidPermission.NotFound',
      message: 'The specified rule does not exist in this security group.',
    });
    expect((await groupOf(context, GroupId))?.IpPermissions).toHaveLength(1);
  });

  test('by rule id takes rules of the group and direction only', async () => {
    const context = await testContext();
    const [one, two] = [await newGroup(context, 'one'), await newGroup(context, 'two')];
    const { SecurityGroupRules: [rule] = [] } = await context.call('DescribeSecurityGroupRules', {
      Filters: [{ Name: 'group-id', Values: [one] }],
    });
    const SecurityGroupRuleIds = [rule?.SecurityGroupRuleId ?? ''];
    const code = 'InvalidSecurityGroupRuleId.NotFound';
    await expect(
      context.call('RevokeSecurityGroupIngress', { GroupId: one, SecurityGroupRuleIds }),
    ).rejects.toMatchObject({ code });
    await expect(
      context.call('RevokeSecurityGroupEgress', { GroupId: two, SecurityGroupRuleIds }),
    ).rejects.toMatchObject({ code });
    await context.call('RevokeSecurityGroupEgress', { GroupId: one, SecurityGroupRuleIds });
    expect((await groupOf(context, one))?.IpPermissionsEgress).toEqual([]);
  });
});

describe('ModifySecurityGroupRules', () => {
  const modify = (context: TestContext, GroupId: string, id: string, changes: object) =>
    context.call('ModifySecurityGroupRules', {
      GroupId,
      SecurityGroupRules: [
        {
          SecurityGroupRuleId: id,
          SecurityGroupRule: {
            IpProtocol: 'tcp',
            FromPort: 1,
            ToPort: 1,
            CidrIpv4: '0.0.0.0/0',
            ...changes,
          },
        },
      ],
    });

  async function groupWithRule(context: TestContext) {
    const GroupId = await newGroup(context);
    const answer = await context.call('AuthorizeSecurityGroupIngress', {
      GroupId,
      IpPermissions: [tcp(22), tcp(80)],
    });
    return { GroupId, id: answer.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '' };
  }

  const listsOf =
    (context: TestContext) => async (AddressFamily: 'IPv4' | 'IPv6', MaxEntries: number) => {
      const made = { PrefixListName: 'list', AddressFamily, MaxEntries };
      const { PrefixList } = await context.call('CreateManagedPrefixList', made);
      return PrefixList?.PrefixListId ?? '';
    };

  test.each([
    [{ CidrIpv4: undefined, CidrIpv6: '::/0' }, 'InvalidParameterValue'],
    [{ CidrIpv4: undefined }, 'MissingParameter'],
    [{ CidrIpv6: '::/0' }, 'InvalidParameterCombination'],
    [{ FromPort: 80, ToPort: 80 }, 'InvalidPermission.Duplicate'],
    [{ IpProtocol: undefined }, 'InvalidParameterValue'],
  ])('%j returns %s and changes nothing', async (changes, code) => {
    const context = await testContext();
    const { GroupId, id } = await groupWithRule(context);
    const before = await groupOf(context, GroupId);
    await expect(modify(context, GroupId, id, changes)).rejects.toMatchObject({ code });
    expect(await groupOf(context, GroupId)).toEqual(before);
  });

  test('counts a prefix list with all that it may have, apart for IPv4 and IPv6', async () => {
    const context = await testContext();
    const GroupId = await newGroup(context);
    const list = listsOf(context);
    const letIn = async (PrefixListId: string) => {
      const IpPermissions = [{ IpProtocol: '-1', PrefixListIds: [{ PrefixListId }] }];
      const made = await context.call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions });
      return made.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
    };
    await letIn(await list('IPv4', 40));
    await letIn(await list('IPv6', 40));
    const id = await letIn(await list('IPv4', 20));
    const before = await groupOf(context, GroupId);
    const to = (PrefixListId: string) =>
      modify(context, GroupId, id, { CidrIpv4: undefined, PrefixListId });
    await expect(to(await list('IPv4', 21))).rejects.toMatchObject({
      code: 'RulesPerSecurityGroupLimitExceeded',
    });
    expect(await groupOf(context, GroupId)).toEqual(before);
    await to(await list('IPv6', 20));
    await to(await list('IPv4', 20));
  });

  test('edits a group that has too many rules already, but does not let it grow', async () => {
    const context = await testContext();
    const { GroupId, id } = await groupWithRule(context);
    const list = listsOf(context);
    const small = await list('IPv4', 2);
    const IpPermissions = [{ IpProtocol: '-1', PrefixListIds: [{ PrefixListId: small }] }];
    const made = await context.call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions });
    const listRule = made.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
    // The API refuses this raise; records from elsewhere may have it.
    await context.metadata.write(async (tx) => {
      const before = await tx.get('prefixList', small);
      if (before) await tx.put('prefixList', { ...before, maxEntries: 70 });
    });
    await modify(context, GroupId, id, { Description: 'edited' });
    const to = (PrefixListId: string) =>
      modify(context, GroupId, listRule, { CidrIpv4: undefined, PrefixListId });
    await expect(to(await list('IPv4', 71))).rejects.toMatchObject({
      code: 'RulesPerSecurityGroupLimitExceeded',
    });
    await expect(to(await list('IPv6', 61))).rejects.toMatchObject({
      code: 'RulesPerSecurityGroupLimitExceeded',
    });
    await to(await list('IPv4', 69));
  });

  test('replaces all that the rule says and keeps its id', async () => {
    const context = await testContext();
    const { GroupId, id } = await groupWithRule(context);
    await modify(context, GroupId, id, { Description: 'new', IpProtocol: '-1' });
    const request = { SecurityGroupRuleIds: [id] };
    const { SecurityGroupRules } = await context.call('DescribeSecurityGroupRules', request);
    expect(SecurityGroupRules?.[0]).toMatchObject({
      SecurityGroupRuleId: id,
      IpProtocol: '-1',
      FromPort: -1,
      ToPort: -1,
      Description: 'new',
    });
  });
});

describe('UpdateSecurityGroupRuleDescriptions', () => {
  test('by permission and by rule id; without a description it is removed', async () => {
    const context = await testContext();
    const GroupId = await newGroup(context);
    await context.call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: [tcp(22)] });
    const ranges = async () =>
      (await groupOf(context, GroupId))?.IpPermissions?.flatMap((each) => each.IpRanges ?? []);
    const CidrIp = '0.0.0.0/0';
    await context.call('UpdateSecurityGroupRuleDescriptionsIngress', {
      GroupId,
      IpPermissions: [{ ...tcp(22), IpRanges: [{ CidrIp, Description: 'ssh' }] }],
    });
    expect(await ranges()).toEqual([{ CidrIp, Description: 'ssh' }]);
    const { SecurityGroupRules } = await context.call('DescribeSecurityGroupRules', {
      Filters: [{ Name: 'group-id', Values: [GroupId] }],
    });
    const rule = SecurityGroupRules?.find((each) => !each.IsEgress);
    await context.call('UpdateSecurityGroupRuleDescriptionsIngress', {
      GroupId,
      SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId: rule?.SecurityGroupRuleId ?? '' }],
    });
    expect(await ranges()).toEqual([{ CidrIp }]);
    await expect(
      context.call('UpdateSecurityGroupRuleDescriptionsEgress', {
        GroupId,
        IpPermissions: [tcp(22)],
      }),
    ).rejects.toMatchObject({ code: 'InvalidPermission.NotFound' });
  });
});
