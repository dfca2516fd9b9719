import type { Vpc } from '@bakehouse/domain';
import { type OperationContext, publishMetadataWorkflow } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';

/**
 * Lets the guests of a VPC read what has changed of it: its ranges, or whether they have public names. Guests of
 * another host read it when its server starts them again.
 */
export async function republishVpc(
  tx: ControlTransaction,
  { settings }: Pick<OperationContext, 'settings'>,
  vpc: Vpc,
): Promise<void> {
  const nics = await tx.list('networkInterface', { where: { vpc: [vpc.id] } });
  const ids = new Set(nics.flatMap(({ attachment }) => attachment?.instanceId ?? []));
  for (const instance of await tx.getMany('instance', [...ids])) {
    if (instance?.hostId !== settings.hostId) continue;
    if (instance.state !== 'pending' && instance.state !== 'running') continue;
    await publishMetadataWorkflow.enqueue(tx, { instanceId: instance.id });
  }
}
