import { describe, expect, test } from 'vitest';
import { makeNetwork, makeVpc } from '../../testing/network-fixtures.ts';
import { type TestContext, testContext } from '../../testing/test-context.ts';

async function made() {
  const context = await testContext();
  const network = await makeNetwork(context);
  const { NetworkAcl } = await context.call('CreateNetworkAcl', { VpcId: network.VpcId });
  return { ...context, context, ...network, NetworkAclId: NetworkAcl?.NetworkAclId ?? '' };
}

async function entriesOf({ call }: Pick<TestContext, 'call'>, NetworkAclId: string) {
  const { NetworkAcls } = await call('DescribeNetworkAcls', { NetworkAclIds: [NetworkAclId] });
  return NetworkAcls?.[0]?.Entries;
}

const last = { CidrBlock: '0.0.0.0/0', Protocol: '-1', RuleAction: 'deny', RuleNumber: 32_767 };
const web = {
  RuleNumber: 100,
  Egress: false,
  Protocol: '6',
  RuleAction: 'allow',
  CidrBlock: '203.0.113.9/24',
  PortRange: { From: 80, To: 443 },
} as const;

describe('entries', () => {
  test('are created, replaced and deleted by direction and number', async () => {
    const { call, context, NetworkAclId } = await made();
    expect(await entriesOf(context, NetworkAclId)).toEqual([
      { ...last, Egress: true },
      { ...last, Egress: false },
    ]);
    await call('CreateNetworkAclEntry', { NetworkAclId, ...web });
    const shown = { ...web, CidrBlock: '203.0.113.0/24' };
    expect(await entriesOf(context, NetworkAclId)).toEqual([
      { ...last, Egress: true },
      shown,
      { ...last, Egress: false },
    ]);
    await call('CreateNetworkAclEntry', { NetworkAclId, ...web, Egress: true });
    await call('ReplaceNetworkAclEntry', { NetworkAclId, ...web, RuleAction: 'deny' });
    expect((await entriesOf(context, NetworkAclId))?.[2]).toEqual({ ...shown, RuleAction: 'deny' });
    await call('DeleteNetworkAclEntry', { NetworkAclId, RuleNumber: 100, Egress: false });
    expect(await entriesOf(context, NetworkAclId)).toHaveLength(3);
  });

  test('of ICMP have a type and a code, of IPv6 its range', async () => {
    const { call, context, NetworkAclId } = await made();
    const icmp = { ...web, Protocol: '1', IcmpTypeCode: { Type: 8, Code: -1 } };
    await call('CreateNetworkAclEntry', { NetworkAclId, ...icmp });
    const { CidrBlock: _, ...rest } = web;
    const ipv6 = { ...rest, RuleNumber: 90, Ipv6CidrBlock: '2001:db8::/32', Protocol: '-1' };
    await call('CreateNetworkAclEntry', { NetworkAclId, ...ipv6 });
    const entries = await entriesOf(context, NetworkAclId);
    expect(entries?.slice(1, 3)).toEqual([
      {
        Egress: false,
        Ipv6CidrBlock: '2001:db8::/32',
        Protocol: '-1',
        RuleAction: 'allow',
        RuleNumber: 90,
      },
      {
        CidrBlock: '203.0.113.0/24',
        Egress: false,
        IcmpTypeCode: { Type: 8, Code: -1 },
        Protocol: '1',
        RuleAction: 'allow',
        RuleNumber: 100,
      },
    ]);
    const Filters = [{ Name: 'entry.icmp.type', Values: ['8'] }];
    expect((await call('DescribeNetworkAcls', { Filters })).NetworkAcls).toHaveLength(1);
  });

  test.each([
    [{ RuleNumber: 0 }, 'InvalidParameterValue'],
    [{ RuleNumber: 32_767 }, 'InvalidParameterValue'],
    [{ Protocol: 'nonsense' }, 'InvalidParameterValue'],
    [{ PortRange: undefined }, 'InvalidParameterValue'],
    [{ PortRange: { From: 9, To: 8 } }, 'InvalidParameterValue'],
    [{ CidrBlock: undefined }, 'InvalidParameterCombination'],
    [{ Ipv6CidrBlock: '::/0' }, 'InvalidParameterCombination'],
    [{ CidrBlock: 'x' }, 'InvalidParameterValue'],
    [{ RuleAction: 'maybe' }, 'InvalidParameterValue'],
    [{ NetworkAclId: 'acl-0000000000000000f' }, 'InvalidNetworkAclID.NotFound'],
  ])('%j is refused with %s', async (changes, code) => {
    const { context, NetworkAclId } = await made();
    const request = { NetworkAclId, ...web, ...changes };
    await expect(context.callUntyped('CreateNetworkAclEntry', request)).rejects.toMatchObject({
      code,
    });
  });

  test('each number is used once in each direction, up to 40', async () => {
    const { call, NetworkAclId } = await made();
    for (let RuleNumber = 1; RuleNumber <= 40; RuleNumber += 1) {
      await call('CreateNetworkAclEntry', { NetworkAclId, ...web, RuleNumber });
    }
    await expect(
      call('CreateNetworkAclEntry', { NetworkAclId, ...web, RuleNumber: 7 }),
    ).rejects.toMatchObject({
      code: 'NetworkAclEntryAlreadyExists',
      message: 'The network acl entry identified by 7 already exists.',
    });
    await expect(call('CreateNetworkAclEntry', { NetworkAclId, ...web })).rejects.toMatchObject({
      code: 'NetworkAclEntryLimitExceeded',
    });
    await call('CreateNetworkAclEntry', { NetworkAclId, ...web, Egress: true });
  });

  test('one that is missing can neither be replaced nor deleted', async () => {
    const { call, NetworkAclId } = await made();
    const missing = { code: 'InvalidNetworkAclEntry.NotFound' };
    await expect(call('ReplaceNetworkAclEntry', { NetworkAclId, ...web })).rejects.toMatchObject(
      missing,
    );
    await expect(
      call('DeleteNetworkAclEntry', { NetworkAclId, RuleNumber: 100, Egress: false }),
    ).rejects.toMatchObject(missing);
  });
});

test('a subnet always has one network ACL, which can be replaced', async () => {
  const { call, context, NetworkAclId, SubnetId } = await made();
  const associated = async () => {
    const Filters = [{ Name: 'association.subnet-id', Values: [SubnetId] }];
    const { NetworkAcls } = await call('DescribeNetworkAcls', { Filters });
    return NetworkAcls?.[0];
  };
  const first = await associated();
  const AssociationId = first?.Associations?.[0]?.NetworkAclAssociationId ?? '';
  const { NewAssociationId } = await call('ReplaceNetworkAclAssociation', {
    AssociationId,
    NetworkAclId,
  });
  expect(await associated()).toMatchObject({
    NetworkAclId,
    Associations: [{ NetworkAclAssociationId: NewAssociationId, SubnetId }],
  });
  await expect(
    call('ReplaceNetworkAclAssociation', { AssociationId, NetworkAclId }),
  ).rejects.toMatchObject({
    code: 'InvalidAssociationID.NotFound',
    message: `The association ID '${AssociationId}' does not exist`,
  });
  const { NetworkAcl } = await call('CreateNetworkAcl', { VpcId: await makeVpc(context) });
  await expect(
    call('ReplaceNetworkAclAssociation', {
      AssociationId: NewAssociationId ?? '',
      NetworkAclId: NetworkAcl?.NetworkAclId ?? '',
    }),
  ).rejects.toMatchObject({ code: 'InvalidParameterValue' });
});

test('a default network ACL cannot be deleted', async () => {
  const { call, VpcId } = await made();
  const Filters = [
    { Name: 'vpc-id', Values: [VpcId] },
    { Name: 'default', Values: ['true'] },
  ];
  const { NetworkAcls } = await call('DescribeNetworkAcls', { Filters });
  const NetworkAclId = NetworkAcls?.[0]?.NetworkAclId ?? '';
  await expect(call('DeleteNetworkAcl', { NetworkAclId })).rejects.toMatchObject({
    code: 'InvalidParameterValue',
    message: `cannot delete default network ACL ${NetworkAclId}`,
  });
});
