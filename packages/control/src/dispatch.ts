import { apiError } from '@bakehouse/domain';
import type { OperationContext } from './context.ts';
import type { OperationName, OperationTable } from './operation.ts';

type AnyOperation = (context: OperationContext, request: object) => Promise<object>;

/**
 * Calls an operation with a decoded request. `DryRun` is answered here for all: the caller may call what it
 * may see, so the answer is always that the request would have succeeded.
 */
export async function dispatch(
  table: OperationTable,
  name: OperationName,
  context: OperationContext,
  request: object,
): Promise<object> {
  const operation = Object.hasOwn(table, name)
    ? (table[name] as AnyOperation | undefined)
    : undefined;
  if (!operation) {
    throw apiError('UnsupportedOperation', {
      message: `The operation ${name} is not served here. docs/operations.md lists what is.`,
    });
  }
  if ('DryRun' in request && request.DryRun === true) throw apiError('DryRunOperation', {});
  return await operation(context, request);
}
