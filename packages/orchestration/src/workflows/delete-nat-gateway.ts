import { defineWorkflow } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { applyGatewayPolicy } from './apply-policy.ts';
import {
  endNatGateway,
  type NatGatewayInput,
  natGatewayPlace,
  readNatGatewayInput,
} from './nat-gateway-record.ts';

/** From `deleting` to `deleted`. Nothing gets out through it before its address is free for others. */
export const deleteNatGatewayWorkflow = defineWorkflow<WorkflowContext, NatGatewayInput>({
  kind: 'delete-nat-gateway',
  version: 1,
  readInput: readNatGatewayInput,
  place: (reader, { natGatewayId }) => natGatewayPlace(reader, natGatewayId),
  onFailure: 'retry',
  steps: [
    { name: 'network', run: applyGatewayPolicy },
    {
      name: 'deleted',
      run: async ({ clock }, { natGatewayId }) => {
        const end = { state: 'deleted', deletedAt: clock.now() } as const;
        return (tx) => endNatGateway(tx, natGatewayId, end);
      },
    },
  ],
});
