import { apiError, type Vpc } from '@bakehouse/domain';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';

async function checkNothingMapped(tx: ControlTransaction, vpc: Vpc): Promise<void> {
  const nics = await tx.list('networkInterface', { where: { vpc: [vpc.id] } });
  const elastic = await tx.count('elasticAddress', { where: { nic: nics.map(({ id }) => id) } });
  if (elastic === 0 && nics.every(({ publicIp }) => publicIp === undefined)) return;
  throw apiError('DependencyViolation', {
    message: `Network ${vpc.id} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
  });
}

/** Refused while an interface of the VPC has a public address. Routes to the gateway become black holes. */
export const detachInternetGateway: Operation<'DetachInternetGateway'> = async (
  context,
  request,
) => {
  await context.write(async (tx) => {
    const gateway = await ownedById(tx, context, 'internetGateway', request.InternetGatewayId);
    const vpc = await ownedById(tx, context, 'vpc', request.VpcId);
    const { vpcId, ...detached } = gateway;
    if (vpcId !== vpc.id) throw apiError('Gateway.NotAttached', { id: gateway.id, vpcId: vpc.id });
    await checkNothingMapped(tx, vpc);
    await tx.put('internetGateway', detached);
  });
  await enforcePolicy(context);
  return {};
};
