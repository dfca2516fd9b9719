import { createHash } from 'node:crypto';
import { apiError } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';

export interface TokenUse {
  readonly operation: string;
  readonly token: string | undefined;
  /** The request; its token and DryRun do not count as parameters. */
  readonly request: object;
}

/** EC2 bounds tokens to 64 ASCII characters. */
const tokenPattern = /^[\x20-\x7e]{1,64}$/;

/** A JSON replacer that sorts names: the order in which a client writes its parameters must not matter. */
function sorted(_name: string, value: unknown): unknown {
  const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isPlain
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}

function hashOf(request: object): string {
  const { ClientToken: _, DryRun: __, ...parameters } = request as Record<string, unknown>;
  return createHash('sha256').update(JSON.stringify(parameters, sorted)).digest('hex');
}

/**
 * Runs `first` once per client token and stores the ids that it returns. A repeat gets the same ids; a repeat
 * with other parameters fails with `IdempotentParameterMismatch`. Call it inside the request's transaction.
 */
export async function withClientToken<Id extends string>(
  tx: ControlTransaction,
  context: Pick<OperationContext, 'accountId' | 'region' | 'now'>,
  use: TokenUse,
  first: () => Promise<readonly Id[]>,
): Promise<readonly Id[]> {
  const { operation, token, request } = use;
  if (token === undefined || token === '') return await first();
  if (!tokenPattern.test(token)) {
    throw apiError('InvalidParameterValue', {
      parameter: 'clientToken',
      value: token.slice(0, 80),
      hint: 'It must have 1 to 64 ASCII characters',
    });
  }
  const id = `${context.accountId}/${context.region}/${operation}/${token}`;
  const requestHash = hashOf(request);
  const known = await tx.get('clientToken', id);
  if (known && known.requestHash !== requestHash) {
    throw apiError('IdempotentParameterMismatch', { token });
  }
  if (known) return known.resultIds as readonly Id[];
  const resultIds = await first();
  const createdAt = context.now;
  await tx.put('clientToken', { id, region: context.region, requestHash, resultIds, createdAt });
  return resultIds;
}
