import { type Commit, defineWorkflow, StepFailure } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { applyGatewayPolicy } from './apply-policy.ts';
import { failureCodes } from './failures.ts';
import {
  changeNatGateway,
  endNatGateway,
  type NatGatewayInput,
  natGatewayPlace,
  readNatGatewayInput,
} from './nat-gateway-record.ts';

/** A gateway with public connectivity needs a VPC with a gateway to the outside. */
async function checkOutside(
  { metadata }: WorkflowContext,
  { natGatewayId }: NatGatewayInput,
): Promise<void> {
  const missing = await metadata.read(async (reader) => {
    const gateway = await reader.get('natGateway', natGatewayId);
    if (gateway?.connectivity !== 'public') return undefined;
    const found = await reader.list('internetGateway', { where: { vpc: [gateway.vpcId] } });
    return found.length === 0 ? gateway.vpcId : undefined;
  });
  if (missing === undefined) return;
  const message = `Network ${missing} has no Internet gateway attached`;
  throw new StepFailure(failureCodes.noGateway, message);
}

/** From `pending` to `available`: private subnets get out through it. What failed says why, as in EC2. */
export const createNatGatewayWorkflow = defineWorkflow<WorkflowContext, NatGatewayInput>({
  kind: 'create-nat-gateway',
  version: 1,
  readInput: readNatGatewayInput,
  place: (reader, { natGatewayId }) => natGatewayPlace(reader, natGatewayId),
  onFailure: 'unwind',
  steps: [
    // Undone last: the policy without the gateway that `intent` gave up.
    { name: 'policy', undo: applyGatewayPolicy },
    {
      name: 'intent',
      run: checkOutside,
      undo: async (_, { natGatewayId }, { failure }) => {
        const code = failure?.code ?? 'InternalError';
        const message = failure?.message ?? 'An internal error has occurred';
        const end = { state: 'failed', failure: { code, message } } as const;
        return (tx) => endNatGateway(tx, natGatewayId, end);
      },
    },
    { name: 'network', run: applyGatewayPolicy },
    {
      name: 'available',
      run:
        async (_, { natGatewayId }): Promise<Commit> =>
        (tx) =>
          changeNatGateway(tx, natGatewayId, (gateway) =>
            gateway.state === 'pending' ? { ...gateway, state: 'available' } : gateway,
          ),
    },
  ],
});
