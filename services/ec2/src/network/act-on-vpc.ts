import type { Vpc } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { actsNow, republish } from './publish-change.ts';

/** What a transaction made of a VPC, and whether its guests can read the difference: its ranges, or their public names. */
export interface VpcChange {
  readonly vpc: Vpc;
  readonly isSeenByGuests: boolean;
}

/**
 * Changes a VPC in one transaction. When this resolves, the change is in force and running guests can read it; one that
 * starts reads it at the end of its start. What guests see waits for `untilWorking` before.
 */
export async function actOnVpc<Change extends VpcChange>(
  context: OperationContext,
  change: (tx: ControlTransaction) => Promise<Change>,
): Promise<Change> {
  const { made, work } = await context.write(async (tx) => {
    const made = await change(tx);
    await tx.put('vpc', made.vpc);
    if (!made.isSeenByGuests) return { made, work: [] };
    const nics = await tx.list('networkInterface', { where: { vpc: [made.vpc.id] } });
    return { made, work: await republish(tx, context, nics) };
  });
  await actsNow(context, work);
  return made;
}
