import { createHash } from 'node:crypto';
import { apiError, type MetadataReader } from '@bakehouse/domain';
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

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

function checkToken(token: string): void {
  if (tokenPattern.test(token)) return;
  throw apiError('InvalidParameterValue', {
    parameter: 'clientToken',
    value: token.slice(0, 80),
    hint: 'It must have 1 to 64 ASCII characters',
  });
}

const recordId = ({ accountId, region }: Scope, { operation, token }: TokenUse) =>
  `${accountId}/${region}/${operation}/${token}`;

/**
 * The ids that the first call with this token returned; undefined if there was none. A repeat with other parameters
 * fails with `IdempotentParameterMismatch`. An operation that reads what a request names before its transaction
 * looks here first: a repeat returns the same ids when that was deleted since.
 */
export async function repeatedIds<Id extends string>(
  reader: MetadataReader,
  scope: Scope,
  use: TokenUse,
): Promise<readonly Id[] | undefined> {
  const { token, request } = use;
  if (!token) return undefined;
  checkToken(token);
  const known = await reader.get('clientToken', recordId(scope, use));
  if (known && known.requestHash !== hashOf(request)) {
    throw apiError('IdempotentParameterMismatch', { token });
  }
  return known?.resultIds as readonly Id[] | undefined;
}

/**
 * Runs `first` once per client token and stores the ids that it returns. A repeat gets the same ids; a repeat
 * with other parameters fails with `IdempotentParameterMismatch`. Call it inside the request's transaction.
 */
export async function withClientToken<Id extends string>(
  tx: ControlTransaction,
  context: Scope & Pick<OperationContext, 'now'>,
  use: TokenUse,
  first: () => Promise<readonly Id[]>,
): Promise<readonly Id[]> {
  const known = await repeatedIds<Id>(tx, context, use);
  if (known) return known;
  const resultIds = await first();
  if (!use.token) return resultIds;
  const id = recordId(context, use);
  const requestHash = hashOf(use.request);
  const createdAt = context.now;
  await tx.put('clientToken', { id, region: context.region, requestHash, resultIds, createdAt });
  return resultIds;
}
