import { apiError } from '@bakehouse/domain';
import { createDefaultNetwork } from '@bakehouse/orchestration';
import { findDefaultVpc } from '../../network/groups.ts';
import { checkQuota } from '../../network/quotas.ts';
import type { Operation } from '../../operation.ts';
import { vpcView } from '../../views/vpc.ts';

/** As the region's first one: 172.31.0.0/16, a subnet in each zone, an internet gateway and the route to it. */
export const createDefaultVpc: Operation<'CreateDefaultVpc'> = async (context) => {
  const { accountId, region, now, ids } = context;
  return await context.write(async (tx) => {
    if (await findDefaultVpc(tx, context)) throw apiError('DefaultVpcAlreadyExists', {});
    await checkQuota(tx, context, 'vpc');
    return { Vpc: vpcView(await createDefaultNetwork(tx, { accountId, region, now, ids })) };
  });
};
