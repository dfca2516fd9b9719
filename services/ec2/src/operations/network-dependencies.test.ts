import { expect, test } from 'vitest';
import type { OperationName } from '../operation.ts';
import {
  launchIn,
  makeGateway,
  makeNetwork,
  makeRouteTable,
  makeSubnet,
  makeVpc,
} from '../testing/network-fixtures.ts';
import { type TestContext, testContext } from '../testing/test-context.ts';

/** What is to be deleted, the words of its refusal, and how what needs it is removed. */
interface Case {
  readonly operation: OperationName;
  readonly request: object;
  readonly message: string;
  free(): Promise<unknown>;
}

const needed = (noun: string, id: string) =>
  `The ${noun} '${id}' has dependencies and cannot be deleted.`;

async function vpcWith(
  context: TestContext,
  add: (VpcId: string) => Promise<() => Promise<unknown>>,
): Promise<Case> {
  const VpcId = await makeVpc(context);
  const free = await add(VpcId);
  const message = needed('vpc', VpcId);
  return { operation: 'DeleteVpc', request: { VpcId }, message, free };
}

const cases: Readonly<Record<string, (context: TestContext) => Promise<Case>>> = {
  'a VPC with a subnet': (context) =>
    vpcWith(context, async (VpcId) => {
      const SubnetId = await makeSubnet(context, VpcId);
      return () => context.call('DeleteSubnet', { SubnetId });
    }),
  'a VPC with an internet gateway': (context) =>
    vpcWith(context, async (VpcId) => {
      const InternetGatewayId = await makeGateway(context, VpcId);
      return () => context.call('DetachInternetGateway', { InternetGatewayId, VpcId });
    }),
  'a VPC with a route table of its user': (context) =>
    vpcWith(context, async (VpcId) => {
      const RouteTableId = await makeRouteTable(context, VpcId);
      return () => context.call('DeleteRouteTable', { RouteTableId });
    }),
  'a VPC with a network ACL of its user': (context) =>
    vpcWith(context, async (VpcId) => {
      const { NetworkAcl } = await context.call('CreateNetworkAcl', { VpcId });
      const NetworkAclId = NetworkAcl?.NetworkAclId ?? '';
      return () => context.call('DeleteNetworkAcl', { NetworkAclId });
    }),
  'a VPC with a group of its user': (context) =>
    vpcWith(context, async (VpcId) => {
      const group = { VpcId, GroupName: 'web', Description: 'web' };
      const { GroupId } = await context.call('CreateSecurityGroup', group);
      return () => context.call('DeleteSecurityGroup', { GroupId });
    }),
  'a subnet with an instance': async (context) => {
    const { SubnetId } = await makeNetwork(context);
    const InstanceIds = [await launchIn(context, SubnetId)];
    return {
      operation: 'DeleteSubnet',
      request: { SubnetId },
      message: needed('subnet', SubnetId),
      async free() {
        await context.call('TerminateInstances', { InstanceIds });
        await context.settle();
      },
    };
  },
  'an internet gateway that is attached': async (context) => {
    const VpcId = await makeVpc(context);
    const InternetGatewayId = await makeGateway(context, VpcId);
    return {
      operation: 'DeleteInternetGateway',
      request: { InternetGatewayId },
      message: needed('internetGateway', InternetGatewayId),
      free: () => context.call('DetachInternetGateway', { InternetGatewayId, VpcId }),
    };
  },
  'a route table with a subnet': async (context) => {
    const { VpcId, SubnetId } = await makeNetwork(context);
    const RouteTableId = await makeRouteTable(context, VpcId);
    const request = { RouteTableId, SubnetId };
    const { AssociationId = '' } = await context.call('AssociateRouteTable', request);
    return {
      operation: 'DeleteRouteTable',
      request: { RouteTableId },
      message: needed('routeTable', RouteTableId),
      free: () => context.call('DisassociateRouteTable', { AssociationId }),
    };
  },
  'a network ACL with a subnet': async (context) => {
    const { VpcId, SubnetId } = await makeNetwork(context);
    const { NetworkAcl } = await context.call('CreateNetworkAcl', { VpcId });
    const NetworkAclId = NetworkAcl?.NetworkAclId ?? '';
    const Filters = [{ Name: 'association.subnet-id', Values: [SubnetId] }];
    const { NetworkAcls } = await context.call('DescribeNetworkAcls', { Filters });
    const AssociationId = NetworkAcls?.[0]?.Associations?.[0]?.NetworkAclAssociationId ?? '';
    await context.call('ReplaceNetworkAclAssociation', { AssociationId, NetworkAclId });
    return {
      operation: 'DeleteNetworkAcl',
      request: { NetworkAclId },
      message: needed('networkAcl', NetworkAclId),
      free: () => context.call('DeleteSubnet', { SubnetId }),
    };
  },
  'DHCP options of a VPC': async (context) => {
    const VpcId = await makeVpc(context);
    const { DhcpOptions } = await context.call('CreateDhcpOptions', {
      DhcpConfigurations: [{ Key: 'domain-name', Values: ['a.example'] }],
    });
    const DhcpOptionsId = DhcpOptions?.DhcpOptionsId ?? '';
    await context.call('AssociateDhcpOptions', { VpcId, DhcpOptionsId });
    return {
      operation: 'DeleteDhcpOptions',
      request: { DhcpOptionsId },
      message: needed('dhcpOptions', DhcpOptionsId),
      free: () => context.call('DeleteVpc', { VpcId }),
    };
  },
  'a group that a rule of another group refers to': async (context) => {
    const VpcId = await makeVpc(context);
    const create = async (GroupName: string) =>
      (await context.call('CreateSecurityGroup', { VpcId, GroupName, Description: 'x' })).GroupId ??
      '';
    const [GroupId, other] = [await create('one'), await create('other')];
    const rule = { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId }] };
    await context.call('AuthorizeSecurityGroupIngress', { GroupId: other, IpPermissions: [rule] });
    return {
      operation: 'DeleteSecurityGroup',
      request: { GroupId },
      message: `resource ${GroupId} has a dependent object`,
      free: () => context.call('DeleteSecurityGroup', { GroupId: other }),
    };
  },
};

test.each(Object.entries(cases))('%s cannot be deleted until it is free', async (_, prepare) => {
  const context = await testContext();
  const { operation, request, message, free } = await prepare(context);
  const remove = () => context.callUntyped(operation, request);
  await expect(remove()).rejects.toMatchObject({ code: 'DependencyViolation', message });
  await free();
  await remove();
});

test('groups of two VPCs cannot refer to one another', async () => {
  const context = await testContext();
  const group = async (VpcId: string) => {
    const request = { VpcId, GroupName: 'g', Description: 'x' };
    return (await context.call('CreateSecurityGroup', request)).GroupId ?? '';
  };
  const [here, there] = [await group(await makeVpc(context)), await group(await makeVpc(context))];
  const rule = { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: there }] };
  await expect(
    context.call('AuthorizeSecurityGroupIngress', { GroupId: here, IpPermissions: [rule] }),
  ).rejects.toMatchObject({ code: 'InvalidGroup.NotFound' });
});
