import { apiError } from '@bakehouse/domain';
import type { OperationContext } from './context.ts';
import { openToken, sealToken } from './continuation.ts';
import type { OperationName, OperationTable } from './operation.ts';
import { rehearsal } from './rehearsal.ts';

type AnyOperation = (context: OperationContext, request: object) => Promise<object>;

/**
 * Calls an operation with a decoded request. With `DryRun` it is rehearsed: whatever would be refused is
 * refused, and what would succeed is answered with `DryRunOperation`, without having happened.
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
  const opened = openToken(name, request);
  const isRehearsed = 'DryRun' in request && request.DryRun === true;
  if (!isRehearsed) return sealToken(name, await operation(context, opened));
  await operation(rehearsal(context), opened);
  throw apiError('DryRunOperation', {});
}
