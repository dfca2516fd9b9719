import { apiError } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

/** Refused while it is attached. */
export const deleteInternetGateway: Operation<'DeleteInternetGateway'> = async (
  context,
  request,
) => {
  await context.write(async (tx) => {
    const { id, vpcId } = await ownedById(
      tx,
      context,
      'internetGateway',
      request.InternetGatewayId,
    );
    if (vpcId) throw apiError('DependencyViolation', { noun: 'internetGateway', id });
    await tx.delete('internetGateway', id);
  });
  return {};
};
