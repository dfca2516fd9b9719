import { deleteNatGatewayWorkflow } from '@bakehouse/orchestration';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

/** Records `deleting`; a workflow takes the gateway away. One that is being deleted, or is, stays so. */
export const deleteNatGateway: Operation<'DeleteNatGateway'> = async (context, request) =>
  await context.write(async (tx) => {
    const gateway = await ownedById(tx, context, 'natGateway', request.NatGatewayId);
    if (gateway.state !== 'deleting' && gateway.state !== 'deleted') {
      await tx.put('natGateway', { ...gateway, state: 'deleting' });
      await deleteNatGatewayWorkflow.enqueue(tx, { natGatewayId: gateway.id });
    }
    return { NatGatewayId: gateway.id };
  });
