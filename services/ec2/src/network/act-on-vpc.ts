import type { Vpc, WorkflowId } from '@bakehouse/domain';
import {
  type OperationContext,
  published,
  publishMetadataWorkflow,
} from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { enforcePolicy } from './enforce-policy.ts';

/**
 * Begins to publish to the guests of a VPC what has changed of it. Returns the work for running ones. Guests of
 * another host read it when its server starts them again.
 */
async function republishVpc(
  tx: ControlTransaction,
  { settings }: Pick<OperationContext, 'settings'>,
  vpc: Vpc,
): Promise<readonly WorkflowId[]> {
  const nics = await tx.list('networkInterface', { where: { vpc: [vpc.id] } });
  const ids = new Set(nics.flatMap(({ attachment }) => attachment?.instanceId ?? []));
  const work: WorkflowId[] = [];
  for (const instance of await tx.getMany('instance', [...ids])) {
    if (instance?.hostId !== settings.hostId) continue;
    if (instance.state !== 'pending' && instance.state !== 'running') continue;
    const id = await publishMetadataWorkflow.enqueue(tx, { instanceId: instance.id });
    if (instance.state === 'running') work.push(id);
  }
  return work;
}

/** What a transaction made of a VPC, and whether its guests can read the difference: its ranges, or their public names. */
export interface VpcChange {
  readonly vpc: Vpc;
  readonly isSeenByGuests: boolean;
}

/**
 * Changes a VPC in one transaction. When this resolves, the change is in force and running guests can read it; one that
 * starts reads it at the end of its start.
 */
export async function actOnVpc<Change extends VpcChange>(
  context: OperationContext,
  change: (tx: ControlTransaction) => Promise<Change>,
): Promise<Change> {
  const { made, work } = await context.write(async (tx) => {
    const made = await change(tx);
    await tx.put('vpc', made.vpc);
    const work = made.isSeenByGuests ? await republishVpc(tx, context, made.vpc) : [];
    return { made, work };
  });
  await enforcePolicy(context);
  for (const id of work) await published(context, id);
  return made;
}
