import { newResource } from '../../network/new-resource.ts';
import { checkQuota } from '../../network/quotas.ts';
import type { Operation } from '../../operation.ts';
import { internetGatewayView } from '../../views/internet-gateway.ts';

/** An internet gateway that is attached to no VPC. */
export const createInternetGateway: Operation<'CreateInternetGateway'> = async (
  context,
  request,
) => {
  const resource = newResource(context, 'internet-gateway', request.TagSpecifications);
  const gateway = { ...resource, id: context.ids.resource('igw') };
  await context.write(async (tx) => {
    await checkQuota(tx, context, 'internetGateway');
    await tx.put('internetGateway', gateway);
  });
  return { InternetGateway: internetGatewayView(gateway) };
};
