import { type Clock, MiB, secondMs, systemClock } from '@bakehouse/base';
import { ApiError } from '@bakehouse/domain';
import { type Credentials, signRequest } from '../sigv4/sign-request.ts';
import { AdminConnectionError } from './admin-connection-error.ts';
import {
  type AdminErrorBody,
  adminContentType,
  adminService,
  adminTargetPrefix,
} from './admin-protocol.ts';
import { readLines } from './read-lines.ts';

/** Operation name to what it takes and answers; the one who serves them says which there are. */
export type AdminOperations = Readonly<Record<string, AdminOperation>>;
export interface AdminOperation {
  readonly input: unknown;
  /** The answer, or for a streamed operation one event of it. */
  readonly output: unknown;
}

export interface AdminClientOptions {
  /** Scheme, host and port, such as `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  readonly credentials: Credentials;
  readonly region: string;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
  /** Time limit of a `call`, and of a stream until it begins. 60 seconds unless given. */
  readonly timeoutMs?: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * Calls the admin service. What the server refuses is thrown as the `ApiError` that it is; a server
 * that cannot be reached or does not speak the protocol as `AdminConnectionError`; when the signal
 * is aborted, its reason.
 */
export interface AdminClient<Operations extends AdminOperations = AdminOperations> {
  call<Name extends keyof Operations & string>(
    operation: Name,
    input: Operations[Name]['input'],
    options?: CallOptions,
  ): Promise<Operations[Name]['output']>;
  /** Events as they come. Leaving the loop early closes the connection. */
  callStreaming<Name extends keyof Operations & string>(
    operation: Name,
    input: Operations[Name]['input'],
    options?: CallOptions,
  ): AsyncIterable<Operations[Name]['output']>;
}

const lineCharactersMax = MiB;

export function adminClient<Operations extends AdminOperations = AdminOperations>(
  options: AdminClientOptions,
): AdminClient<Operations> {
  const { endpoint, timeoutMs = 60 * secondMs } = options;
  return {
    async call(operation, input, { signal } = {}) {
      using limit = timeLimit(endpoint, timeoutMs, signal);
      const request = adminRequest(options, operation, input);
      const text = await reach(endpoint, limit.signal, async () => {
        const response = await send(options, request, limit.signal);
        return response.text();
      });
      return parseJson(endpoint, text);
    },
    async *callStreaming(operation, input, { signal } = {}) {
      using limit = timeLimit(endpoint, timeoutMs, signal);
      const request = adminRequest(options, operation, input);
      const response = await reach(endpoint, limit.signal, () =>
        send(options, request, limit.signal),
      );
      limit.lift();
      if (response.body === null) return;
      const lines = readLines(response.body, lineCharactersMax);
      try {
        for (;;) {
          const line = await reach(endpoint, limit.signal, () => lines.next());
          if (line.done === true) return;
          const event = parseJson(endpoint, line.value);
          if (isErrorBody(event)) throw apiErrorOf(event, response.status);
          yield event;
        }
      } finally {
        await lines.return(undefined);
      }
    },
  };
}

interface AdminRequest {
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array<ArrayBuffer>;
}

function adminRequest(
  options: AdminClientOptions,
  operation: string,
  input: unknown,
): AdminRequest {
  const url = new URL('/', options.endpoint);
  const body = new TextEncoder().encode(JSON.stringify(input ?? {}));
  const headers = signRequest(
    {
      method: 'POST',
      url,
      headers: {
        'content-type': adminContentType,
        'x-amz-target': `${adminTargetPrefix}${operation}`,
      },
      body,
    },
    {
      credentials: options.credentials,
      region: options.region,
      service: adminService,
      now: (options.clock ?? systemClock).now(),
    },
  );
  return { url, headers, body };
}

/** An answer of status 200; any other becomes the error that its body tells of. */
async function send(
  options: AdminClientOptions,
  { url, headers, body }: AdminRequest,
  signal: AbortSignal,
): Promise<Response> {
  const request = { method: 'POST', headers, body, signal, redirect: 'error' } as const;
  const response = await (options.fetch ?? fetch)(url, request);
  if (response.ok) return response;
  const error = parseJson(options.endpoint, await response.text());
  if (isErrorBody(error)) throw apiErrorOf(error, response.status);
  throw new AdminConnectionError(options.endpoint, `answered status ${response.status}`);
}

/** Gives a failure of the network a meaning; what has one already passes. */
async function reach<Result>(
  endpoint: string,
  signal: AbortSignal,
  attempt: () => Promise<Result>,
): Promise<Result> {
  try {
    return await attempt();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof ApiError || error instanceof AdminConnectionError) throw error;
    throw new AdminConnectionError(endpoint, 'the server cannot be reached', { cause: error });
  }
}

/** The caller's signal and a time limit in one. Disposing of it, or lifting it, ends the limit. */
function timeLimit(endpoint: string, timeoutMs: number, signal: AbortSignal | undefined) {
  const late = new AbortController();
  const words = `no answer within ${timeoutMs} ms`;
  const timer = setTimeout(() => late.abort(new AdminConnectionError(endpoint, words)), timeoutMs);
  return {
    signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
    lift: () => clearTimeout(timer),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

function parseJson(endpoint: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AdminConnectionError(endpoint, 'what answers is not the admin service', { cause });
  }
}

function isErrorBody(value: unknown): value is AdminErrorBody {
  if (typeof value !== 'object' || value === null) return false;
  if (!('__type' in value) || !('message' in value)) return false;
  return typeof value.__type === 'string' && typeof value.message === 'string';
}

/** An error that ends a stream comes after status 200. */
function apiErrorOf(body: AdminErrorBody, status: number): ApiError {
  return new ApiError(body.__type, status < 400 ? 500 : status, body.message);
}
