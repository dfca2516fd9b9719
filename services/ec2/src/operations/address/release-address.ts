import { apiError } from '@bakehouse/domain';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { namedAddress, refuseFixed } from './find-address.ts';

/** The address goes back to the pool. One that is associated is refused. */
export const releaseAddress: Operation<'ReleaseAddress'> = async (context, request) => {
  refuseUnserved(request, ['NetworkBorderGroup'], { NetworkBorderGroup: context.region });
  await context.write(async (tx) => {
    const address = await namedAddress(tx, context, request);
    await refuseFixed(tx, context, address);
    if (address.association) {
      throw apiError('InvalidIPAddress.InUse', { address: address.publicIp });
    }
    await tx.delete('elasticAddress', address.id);
  });
  return {};
};
