import type { Ec2Input } from '@bakehouse/aws-model';
import { describe, expect, test } from 'vitest';
import { type TestContext, testContext } from '../../testing/test-context.ts';

type Authorize = Ec2Input<'AuthorizeSecurityGroupIngress'>;

async function newGroup({ call }: TestContext, name = 'web'): Promise<string> {
  const request = { GroupName: name, Description: 'a group' };
  return (await call('CreateSecurityGroup', request)).GroupId ?? '';
}

async function groupOf({ call }: TestContext, GroupId: string) {
  const { SecurityGroups } = await call('DescribeSecurityGroups', { GroupIds: [GroupId] });
  return SecurityGroups?.[0];
}

async function launchIn(context: TestContext, GroupId: string) {
  const { id: ImageId } = await context.addImage();
  const { Instances } = await context.call('RunInstances', {
    ImageId,
    MinCount: 1,
    MaxCount: 1,
    InstanceType: 't3.micro',
    SecurityGroupIds: [GroupId],
  });
  await context.settle();
  return Instances?.[0];
}

const tcp = (FromPort: number, ToPort = FromPort, CidrIp = '0.0.0.0/0') => ({
  IpProtocol: 'tcp',
  FromPort,
  ToPort,
  IpRanges: [{ CidrIp }],
});

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
  ])('%j answers %s', async (changes, code) => {
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

describe('AuthorizeSecurityGroupIngress', () => {
  test.each<[string, Partial<Authorize>, string]>([
    ['no rule', {}, 'MissingParameter'],
    ['no source', { IpProtocol: 'tcp', FromPort: 1, ToPort: 1 }, 'MissingParameter'],
    ['no protocol', { FromPort: 1, ToPort: 1, CidrIp: '0.0.0.0/0' }, 'InvalidParameterValue'],
    ['a protocol without name', { IpPermissions: [{ IpProtocol: 'x' }] }, 'InvalidParameterValue'],
    ['protocol 256', { IpPermissions: [{ IpProtocol: '256' }] }, 'InvalidParameterValue'],
    ['port 65536', { IpPermissions: [tcp(0, 65_536)] }, 'InvalidParameterValue'],
    ['port -1 of TCP', { IpPermissions: [tcp(-1)] }, 'InvalidParameterValue'],
    ['ports the wrong way', { IpPermissions: [tcp(80, 22)] }, 'InvalidParameterValue'],
    ['one port only', { IpProtocol: 'tcp', FromPort: 1, CidrIp: '::/0' }, 'InvalidParameterValue'],
    ['a bad range', { IpPermissions: [tcp(1, 1, '10.0.0.0')] }, 'InvalidParameterValue'],
    ['a rule twice', { IpPermissions: [tcp(1), tcp(1)] }, 'InvalidParameterValue'],
    ['both ways', { IpPermissions: [tcp(1)], CidrIp: '0.0.0.0/0' }, 'InvalidParameterCombination'],
    [
      'an ICMP code of all types',
      { IpProtocol: 'icmp', FromPort: -1, ToPort: 0, CidrIp: '0.0.0.0/0' },
      'InvalidParameterValue',
    ],
    [
      'a prefix list',
      { IpPermissions: [{ IpProtocol: '-1', PrefixListIds: [{ PrefixListId: 'pl-1' }] }] },
      'UnsupportedOperation',
    ],
    [
      'a group that is not there',
      { IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupName: 'nobody' }] }] },
      'InvalidGroup.NotFound',
    ],
    ['a bad description', { IpPermissions: [bad('"')] }, 'InvalidParameterValue'],
    ['a long description', { IpPermissions: [bad('x'.repeat(256))] }, 'InvalidParameterValue'],
  ])('with %s adds nothing', async (_, changes, code) => {
    const context = await testContext();
    const GroupId = await newGroup(context);
    const request = { GroupId, ...changes };
    await expect(context.call('AuthorizeSecurityGroupIngress', request)).rejects.toMatchObject({
      code,
    });
    expect((await groupOf(context, GroupId))?.IpPermissions).toEqual([]);
  });

  function bad(Description: string) {
    return { ...tcp(1), IpRanges: [{ CidrIp: '0.0.0.0/0', Description }] };
  }

  test('a rule that is there is refused in EC2’s words, and with it the whole request', async () => {
    const context = await testContext();
    const GroupId = await newGroup(context);
    const everything = [
      tcp(22, 22, '10.1.2.3/8'),
      { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
      { IpProtocol: '50', IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
      { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId }] },
    ];
    const words = [
      'peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW',
      'peer: 0.0.0.0/0, ICMP, type: ALL, code: ALL, ALLOW',
      'peer: 0.0.0.0/0, protocol: 50, ALLOW',
      `peer: ${GroupId}, ALL, ALLOW`,
    ];
    await context.call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: everything });
    for (const [index, permission] of everything.entries()) {
      const IpPermissions = [tcp(4000 + index), permission];
      await expect(
        context.call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions }),
      ).rejects.toMatchObject({
        code: 'InvalidPermission.Duplicate',
        message: `the specified rule "${words[index]}" already exists`,
      });
    }
    const { SecurityGroupRules } = await context.call('DescribeSecurityGroupRules', {
      Filters: [{ Name: 'group-id', Values: [GroupId] }],
    });
    expect(SecurityGroupRules).toHaveLength(everything.length + 1);
  });

  test('rules of one protocol and port range are one permission, as EC2 shows them', async () => {
    const context = await testContext();
    const GroupId = await newGroup(context);
    const answer = await context.call('AuthorizeSecurityGroupIngress', {
      GroupId,
      TagSpecifications: [
        { ResourceType: 'security-group-rule', Tags: [{ Key: 'why', Value: 'test' }] },
      ],
      IpPermissions: [
        {
          IpProtocol: '6',
          FromPort: 443,
          ToPort: 443,
          IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'inside' }, { CidrIp: '11.0.0.1/8' }],
          Ipv6Ranges: [{ CidrIpv6: '2001:DB8::/32' }],
          UserIdGroupPairs: [{ GroupName: 'web' }],
        },
      ],
    });
    expect(answer.Return).toBe(true);
    expect(answer.SecurityGroupRules).toHaveLength(4);
    expect(answer.SecurityGroupRules?.[0]).toMatchObject({
      IsEgress: false,
      IpProtocol: 'tcp',
      FromPort: 443,
      ToPort: 443,
      CidrIpv4: '10.0.0.0/8',
      Description: 'inside',
      Tags: [{ Key: 'why', Value: 'test' }],
    });
    const [permission, ...others] = (await groupOf(context, GroupId))?.IpPermissions ?? [];
    expect(others).toEqual([]);
    expect(permission).toMatchObject({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 });
    expect(new Set(permission?.IpRanges)).toEqual(
      new Set([{ CidrIp: '10.0.0.0/8', Description: 'inside' }, { CidrIp: '11.0.0.0/8' }]),
    );
    expect(permission?.Ipv6Ranges).toEqual([{ CidrIpv6: '2001:db8::/32' }]);
    expect(permission?.UserIdGroupPairs).toEqual([{ GroupId, UserId: '123456789012' }]);
  });

  test('a source group without a protocol means all of TCP, UDP and ICMP', async () => {
    const context = await testContext();
    const GroupId = await newGroup(context);
    const request = { GroupId, SourceSecurityGroupName: 'default' };
    await context.call('AuthorizeSecurityGroupIngress', request);
    const permissions = (await groupOf(context, GroupId))?.IpPermissions ?? [];
    expect(permissions.map((each) => [each.IpProtocol, each.FromPort, each.ToPort]).sort()).toEqual(
      [
        ['icmp', -1, -1],
        ['tcp', 0, 65_535],
        ['udp', 0, 65_535],
      ],
    );
  });

  test('a group has 60 rules of each direction and address family, and no more', async () => {
    const context = await testContext();
    const GroupId = await newGroup(context);
    const many = Array.from({ length: 60 }, (_, index) => tcp(1000 + index));
    await context.call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: many });
    const more = (permission: object) =>
      context.call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: [permission] });
    const code = 'RulesPerSecurityGroupLimitExceeded';
    await expect(more(tcp(1))).rejects.toMatchObject({ code });
    await expect(more({ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId }] })).rejects.toMatchObject(
      { code },
    );
    await more({ ...tcp(1), IpRanges: [], Ipv6Ranges: [{ CidrIpv6: '::/0' }] });
    await context.call('AuthorizeSecurityGroupEgress', { GroupId, IpPermissions: [tcp(1)] });
  });

  test('acts at once on a running instance, and so does its end', async () => {
    const context = await testContext();
    const GroupId = await newGroup(context);
    const instance = await launchIn(context, GroupId);
    const toIp = instance?.PrivateIpAddress ?? '';
    const passes = (port: number, fromIp = '203.0.113.7') =>
      context.powers.network.allows({ fromIp, toIp, protocol: 'tcp', port });
    expect(passes(22)).toBe(false);
    const answer = await context.call('AuthorizeSecurityGroupIngress', {
      GroupId,
      IpPermissions: [tcp(22, 23, '203.0.113.0/24')],
    });
    expect([passes(22), passes(23), passes(24), passes(22, '198.51.100.1')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    const ids = answer.SecurityGroupRules?.map((rule) => rule.SecurityGroupRuleId ?? '') ?? [];
    await context.call('ModifySecurityGroupRules', {
      GroupId,
      SecurityGroupRules: [
        {
          SecurityGroupRuleId: ids[0] ?? '',
          SecurityGroupRule: {
            IpProtocol: 'tcp',
            FromPort: 24,
            ToPort: 24,
            CidrIpv4: '203.0.113.0/24',
          },
        },
      ],
    });
    expect([passes(22), passes(24)]).toEqual([false, true]);
    await context.call('RevokeSecurityGroupIngress', { GroupId, SecurityGroupRuleIds: ids });
    expect(passes(24)).toBe(false);
  });
});

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

  test.each([
    [{ CidrIpv4: undefined, CidrIpv6: '::/0' }, 'InvalidParameterValue'],
    [{ CidrIpv4: undefined }, 'MissingParameter'],
    [{ CidrIpv6: '::/0' }, 'InvalidParameterCombination'],
    [{ FromPort: 80, ToPort: 80 }, 'InvalidPermission.Duplicate'],
    [{ IpProtocol: undefined }, 'InvalidParameterValue'],
  ])('%j answers %s and changes nothing', async (changes, code) => {
    const context = await testContext();
    const { GroupId, id } = await groupWithRule(context);
    const before = await groupOf(context, GroupId);
    await expect(modify(context, GroupId, id, changes)).rejects.toMatchObject({ code });
    expect(await groupOf(context, GroupId)).toEqual(before);
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
  ])('%j answers %s', async (request, code) => {
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
