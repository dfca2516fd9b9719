import type { AdminCallName, AdminInput } from '@bakehouse/admin-api';
import type { AdminClient, AdminClientOptions } from '@bakehouse/aws-wire';
import { CommandUsageError } from '../command.ts';
import type { Connection } from './connection.ts';

/** The connection as clients of the admin service take it. */
export const adminOptions = (connection: Connection): AdminClientOptions => {
  const { endpoint, region, accessKeyId, secretAccessKey } = connection;
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
};

/** The operator's own calls. */
export async function adminOf(connection: Connection): Promise<AdminClient> {
  const { adminClient } = await import('@bakehouse/aws-wire');
  return adminClient(adminOptions(connection));
}

/**
 * The input of a call, checked before there is a connection. Throws CommandUsageError for what the contract does not allow:
 * `words` are the arguments and options that the members come from.
 */
export async function checkedInput<Name extends AdminCallName>(
  name: Name,
  input: AdminInput<Name>,
  words: { readonly [Member in keyof AdminInput<Name>]-?: string },
): Promise<AdminInput<Name>> {
  const { AdminContractError, checkAdminInput } = await import('@bakehouse/admin-api');
  try {
    return checkAdminInput(name, input);
  } catch (error) {
    if (!(error instanceof AdminContractError)) throw error;
    const named = new Map<string, string>(Object.entries(words));
    throw new CommandUsageError(`${named.get(error.path) ?? error.path} ${error.problem}`);
  }
}

/**
 * For requests that only their arguments can make invalid: a CommandUsageError in place of the server's
 * `InvalidParameterValue`. Other errors are returned as they are.
 */
export function usageErrorOf(error: unknown): unknown {
  const isOfServer = error instanceof Error && error.name === 'ApiError' && 'code' in error;
  if (!isOfServer || error.code !== 'InvalidParameterValue') return error;
  return new CommandUsageError(error.message, { cause: error });
}
