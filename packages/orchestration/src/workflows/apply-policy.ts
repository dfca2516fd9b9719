import type { InstanceId, NatGatewayId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';

/** Puts the policy of the instance's VPC into force. What is refused of other VPCs does not hold it up. */
export async function applyInstancePolicy(
  { metadata, policy }: WorkflowContext,
  { instanceId }: { readonly instanceId: InstanceId },
): Promise<void> {
  const instance = await metadata.read((reader) => reader.get('instance', instanceId));
  await policy.apply(instance?.vpcId);
}

/** The same for a NAT gateway's. */
export async function applyGatewayPolicy(
  { metadata, policy }: WorkflowContext,
  { natGatewayId }: { readonly natGatewayId: NatGatewayId },
): Promise<void> {
  const gateway = await metadata.read((reader) => reader.get('natGateway', natGatewayId));
  await policy.apply(gateway?.vpcId);
}
