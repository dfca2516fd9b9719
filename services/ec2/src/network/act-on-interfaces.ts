import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { actsNow, republish } from './publish-change.ts';

/** What a transaction did: the interfaces whose addresses or groups it changed, and what it returns. */
export interface InterfaceChange<Result> {
  readonly nicIds: readonly string[];
  readonly result: Result;
}

/**
 * Changes interfaces in one transaction. When this resolves, the change is in force and running guests can read it;
 * one that starts reads it at the end of its start.
 */
export async function actOnInterfaces<Result>(
  context: OperationContext,
  change: (tx: ControlTransaction) => Promise<InterfaceChange<Result>>,
): Promise<Result> {
  const { result, work } = await context.write(async (tx) => {
    const { nicIds, result } = await change(tx);
    const nics = await tx.getMany('networkInterface', [...new Set(nicIds)]);
    return { result, work: await republish(tx, context, nics) };
  });
  await actsNow(context, work);
  return result;
}
