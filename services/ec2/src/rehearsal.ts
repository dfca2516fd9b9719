import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';

/**
 * A context for `DryRun`: the operation looks up, checks and plans as usual, then its transaction is rolled back.
 * So no workflow starts, and there is nothing to wait for.
 */
export function rehearsal(context: OperationContext): OperationContext {
  return {
    ...context,
    write: (work) => rolledBack(context, work),
    untilWorking: async () => {},
    reached: async () => {},
    policy: { apply: async () => {} },
  };
}

async function rolledBack<Result>(
  context: OperationContext,
  work: (transaction: ControlTransaction) => Promise<Result>,
): Promise<Result> {
  const done: { result: Result }[] = [];
  const rollBack = new Error('a dry run is rolled back');
  try {
    await context.write(async (transaction) => {
      done.push({ result: await work(transaction) });
      throw rollBack;
    });
  } catch (error) {
    const last = done.at(-1);
    if (error === rollBack && last) return last.result;
    throw error;
  }
  throw rollBack;
}
