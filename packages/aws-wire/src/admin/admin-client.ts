import {
  type AdminCallName,
  type AdminInput,
  type AdminProgress,
  type AdminResult,
  checkAdminProgress,
  checkAdminResult,
} from '@bakehouse/admin-api';
import { MiB } from '@bakehouse/base';
import { ApiError } from '@bakehouse/domain';
import { AdminConnectionError, ServerAwayError } from './admin-connection-error.ts';
import { adminContentType, adminTargetPrefix } from './admin-protocol.ts';
import {
  type AdminClientOptions,
  apiErrorOf,
  hasMember,
  isErrorBody,
  notAdmin,
  parseJson,
  reach,
  replyTimeoutMs,
  sendSigned,
  timeLimit,
} from './admin-transport.ts';
import { readLines } from './read-lines.ts';

export interface CallOptions<Name extends AdminCallName> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: AdminProgress<Name>) => void;
}

/** Makes the operator's calls. */
export interface AdminClient {
  /**
   * Resolves with the result. Rejects with the `ApiError` with which the server refused; with `AdminConnectionError`
   * when the server cannot be reached, breaks off or replies with what the contract does not allow; and with the
   * signal's reason when that is aborted, which closes the connection.
   */
  call<Name extends AdminCallName>(
    name: Name,
    input: AdminInput<Name>,
    options?: CallOptions<Name>,
  ): Promise<AdminResult<Name>>;
}

const lineCharactersMax = 64 * MiB;

export function adminClient(options: AdminClientOptions): AdminClient {
  const { endpoint, timeoutMs = replyTimeoutMs } = options;
  return {
    async call(name, input, { signal, onProgress } = {}) {
      using limit = timeLimit(endpoint, timeoutMs, signal);
      return await reach(endpoint, limit.signal, async () => {
        const response = await send(options, { name, input }, limit.signal);
        limit.lift();
        return await readReply(response, { endpoint, name, onProgress });
      });
    },
  };
}

async function send(
  options: AdminClientOptions,
  { name, input }: { readonly name: string; readonly input: unknown },
  signal: AbortSignal,
): Promise<Response> {
  const { endpoint } = options;
  const headers = {
    'content-type': adminContentType,
    'x-amz-target': `${adminTargetPrefix}${name}`,
  };
  const body = new TextEncoder().encode(JSON.stringify(input));
  const request = { method: 'POST', url: new URL('/', endpoint), headers, body };
  try {
    return await sendSigned(options, request, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'InvalidAction') throw error;
    // Every name that this client can send is in its contract, so the server's is an earlier one.
    throw new AdminConnectionError(
      endpoint,
      `the server does not know the call ${name}: it is of another release than this command`,
      { cause: error },
    );
  }
}

interface ReplyOptions<Name extends AdminCallName> {
  readonly endpoint: string;
  readonly name: Name;
  readonly onProgress: CallOptions<Name>['onProgress'];
}

async function readReply<Name extends AdminCallName>(
  response: Response,
  { endpoint, name, onProgress }: ReplyOptions<Name>,
): Promise<AdminResult<Name>> {
  if (response.body !== null) {
    // Leaving the loop closes the connection.
    for await (const text of readLines(response.body, lineCharactersMax)) {
      const line = parseJson(endpoint, text);
      if (isErrorBody(line)) throw apiErrorOf(line, response.status);
      if (hasMember(line, 'result')) return checkAdminResult(name, line.result);
      if (!hasMember(line, 'progress')) throw notAdmin(endpoint);
      const progress = checkAdminProgress(name, line.progress);
      onProgress?.(progress);
    }
  }
  throw new ServerAwayError(endpoint, `the reply to ${name} broke off before its result`);
}
