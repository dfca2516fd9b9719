import type { Ec2Input } from '@bakehouse/aws-model';
import { describe, expect, test } from 'vitest';
import { groupOf, launchIn, newGroup, tcp } from '../../testing/group-fixtures.ts';
import { testContext } from '../../testing/test-context.ts';

type Authorize = Ec2Input<'AuthorizeSecurityGroupIngress'>;

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
      'a prefix list that does not exist',
      { IpPermissions: [{ IpProtocol: '-1', PrefixListIds: [{ PrefixListId: 'pl-00000000' }] }] },
      'InvalidPrefixListID.NotFound',
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
      context.drivers.network.allows({ fromIp, toIp, protocol: 'tcp', port });
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
