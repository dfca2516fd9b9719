import type { OperationContext } from './context.ts';
import type { ControlTransaction } from './workflow/transaction.ts';

/**
 * A context for `DryRun`: the operation looks, checks and plans as ever, but nothing of it is kept. Its
 * transaction is rolled back when it is done, so no work begins; and there is nothing to wait for.
 */
export function rehearsal(context: OperationContext): OperationContext {
  return {
    ...context,
    write: (work) => rolledBack(context, work),
    reached: async () => {},
    policy: { apply: async () => {}, repair: async () => {} },
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
    const [first] = done;
    if (error === rollBack && first) return first.result;
    throw error;
  }
  throw rollBack;
}
