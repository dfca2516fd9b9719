import { expect, test } from 'vitest';
import { associateVpcCidrBlock } from '../operations/vpc/associate-vpc-cidr-block.ts';
import { disassociateVpcCidrBlock } from '../operations/vpc/disassociate-vpc-cidr-block.ts';
import { modifyVpcAttribute } from '../operations/vpc/modify-vpc-attribute.ts';
import { launchIn, makeNetwork } from '../testing/network-fixtures.ts';
import { testContext } from '../testing/test-context.ts';

test('a reply waits for all guests at the same time', async () => {
  const context = await testContext();
  const { VpcId, SubnetId } = await makeNetwork(context);
  for (let guests = 0; guests < 2; guests += 1) await launchIn(context, SubnetId);
  let waiting = 0;
  const both = Promise.withResolvers<void>();
  const reached = async () => {
    waiting += 1;
    if (waiting === 2) both.resolve();
    await both.promise;
  };
  const watched = { ...(await context.operationContext()), reached };
  await associateVpcCidrBlock(watched, { VpcId, CidrBlock: '100.64.0.0/16' });
  expect(waiting).toBe(2);
});

test('a change of a VPC that guests see waits until the server can publish it', async () => {
  const context = await testContext();
  const { VpcId } = await makeNetwork(context);
  const { CidrBlockAssociation } = await context.call('AssociateVpcCidrBlock', {
    VpcId,
    CidrBlock: '100.64.0.0/16',
  });
  const AssociationId = CidrBlockAssociation?.AssociationId ?? '';
  const vpcs = () => context.read((reader) => reader.list('vpc'));
  const before = await vpcs();
  const starting = new Error('starting');
  const early = {
    ...(await context.operationContext()),
    untilWorking: () => Promise.reject(starting),
  };
  for (const call of [
    () => associateVpcCidrBlock(early, { VpcId, CidrBlock: '100.65.0.0/16' }),
    () => disassociateVpcCidrBlock(early, { AssociationId }),
    () => modifyVpcAttribute(early, { VpcId, EnableDnsHostnames: { Value: true } }),
  ]) {
    await expect(call()).rejects.toBe(starting);
  }
  expect(await vpcs()).toEqual(before);
  await modifyVpcAttribute(early, { VpcId, EnableDnsSupport: { Value: false } });
});
