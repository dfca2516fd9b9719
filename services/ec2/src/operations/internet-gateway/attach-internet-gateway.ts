import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';

/** Connects a VPC with the outside, for subnets with a route to the gateway. In force when it returns. */
export const attachInternetGateway: Operation<'AttachInternetGateway'> = async (
  context,
  request,
) => {
  await context.write(async (tx) => {
    const gateway = await ownedById(tx, context, 'internetGateway', request.InternetGatewayId);
    const vpc = await ownedById(tx, context, 'vpc', request.VpcId);
    if (gateway.vpcId) {
      throw apiError('Resource.AlreadyAssociated', {
        message: `resource ${gateway.id} is already attached to network ${gateway.vpcId}`,
      });
    }
    const others = await tx.count('internetGateway', { where: { vpc: [vpc.id] } });
    if (others > 0) {
      throw apiError('InvalidParameterValue', {
        message: `Network ${vpc.id} already has an internet gateway attached`,
      });
    }
    await tx.put('internetGateway', { ...gateway, vpcId: vpc.id });
  });
  await enforcePolicy(context);
  return {};
};
