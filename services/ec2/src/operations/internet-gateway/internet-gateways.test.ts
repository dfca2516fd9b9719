import { expect, test } from 'vitest';
import { launchIn, makeGateway, makeNetwork, makeVpc } from '../../testing/network-fixtures.ts';
import { testContext } from '../../testing/test-context.ts';

test('a gateway is created, attached, detached and deleted', async () => {
  const context = await testContext();
  const { call } = context;
  const VpcId = await makeVpc(context);
  const InternetGatewayId = await makeGateway(context);
  const InternetGatewayIds = [InternetGatewayId];
  const shown = async () =>
    (await call('DescribeInternetGateways', { InternetGatewayIds })).InternetGateways?.[0];
  expect(await shown()).toMatchObject({ Attachments: [], Tags: [] });
  await call('AttachInternetGateway', { InternetGatewayId, VpcId });
  expect(await shown()).toMatchObject({ Attachments: [{ State: 'available', VpcId }] });
  await call('DetachInternetGateway', { InternetGatewayId, VpcId });
  expect(await shown()).toMatchObject({ Attachments: [] });
  await call('DeleteInternetGateway', { InternetGatewayId });
  await expect(shown()).rejects.toMatchObject({ code: 'InvalidInternetGatewayID.NotFound' });
});

test('a gateway is of one VPC, and a VPC has one gateway', async () => {
  const context = await testContext();
  const { call } = context;
  const VpcId = await makeVpc(context);
  const InternetGatewayId = await makeGateway(context, VpcId);
  const other = await makeVpc(context);
  await expect(
    call('AttachInternetGateway', { InternetGatewayId, VpcId: other }),
  ).rejects.toMatchObject({
    code: 'Resource.AlreadyAssociated',
    message: `resource ${InternetGatewayId} is already attached to network ${VpcId}`,
  });
  const second = await makeGateway(context);
  await expect(
    call('AttachInternetGateway', { InternetGatewayId: second, VpcId }),
  ).rejects.toMatchObject({
    code: 'InvalidParameterValue',
    message: `Network ${VpcId} already has an internet gateway attached`,
  });
  await expect(
    call('DetachInternetGateway', { InternetGatewayId: second, VpcId }),
  ).rejects.toMatchObject({
    code: 'Gateway.NotAttached',
    message: `resource ${second} is not attached to network ${VpcId}`,
  });
});

test('a gateway stays while an interface of the VPC has a public address', async () => {
  const context = await testContext();
  const { call } = context;
  const { VpcId, SubnetId } = await makeNetwork(context);
  const InternetGatewayId = await makeGateway(context, VpcId);
  await call('ModifySubnetAttribute', { SubnetId, MapPublicIpOnLaunch: { Value: true } });
  const InstanceIds = [await launchIn(context, SubnetId)];
  const detach = () => call('DetachInternetGateway', { InternetGatewayId, VpcId });
  await expect(detach()).rejects.toMatchObject({
    code: 'DependencyViolation',
    message: `Network ${VpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
  });
  await call('StopInstances', { InstanceIds });
  await context.settle();
  await detach();
});
