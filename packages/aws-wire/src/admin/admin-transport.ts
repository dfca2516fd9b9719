import { AdminContractError } from '@bakehouse/admin-api';
import { type Clock, secondMs, systemClock } from '@bakehouse/base';
import { ApiError } from '@bakehouse/domain';
import { type Credentials, type RequestToSign, signRequest } from '../sigv4/sign-request.ts';
import { AdminConnectionError, ServerAwayError } from './admin-connection-error.ts';
import { type AdminErrorBody, adminService } from './admin-protocol.ts';

export interface AdminClientOptions {
  /** Scheme, host and port, such as `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  readonly credentials: Credentials;
  readonly region: string;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
  /** Until the reply begins. 60 seconds unless given. */
  readonly timeoutMs?: number;
}

export const replyTimeoutMs = 60 * secondMs;

/**
 * Sends a signed request and returns its reply of status 200. Rejects with the `ApiError` of any other reply, and with
 * `AdminConnectionError` for what is no reply of the admin service.
 */
export async function sendSigned(
  options: AdminClientOptions,
  request: RequestToSign,
  signal: AbortSignal,
): Promise<Response> {
  const { endpoint, credentials, region, clock = systemClock, fetch: fetcher = fetch } = options;
  const signing = { credentials, region, service: adminService, now: clock.now() };
  const { url, method, body } = request;
  const response = await fetcher(url, {
    method,
    headers: signRequest(request, signing),
    signal,
    redirect: 'error',
    ...(method === 'GET' ? {} : { body: Uint8Array.from(body) }),
  });
  if (response.ok) return response;
  const { status } = response;
  const error = jsonIn(await response.text());
  if (isErrorBody(error)) throw apiErrorOf(error, status);
  // A proxy whose server is away replies for it.
  if (status >= 500) throw new ServerAwayError(endpoint, `replied with status ${status}`);
  throw notAdmin(endpoint);
}

/** Gives failures of the network, and breaches of the contract, their meaning. */
export async function reach<Result>(
  endpoint: string,
  signal: AbortSignal,
  attempt: () => Promise<Result>,
): Promise<Result> {
  try {
    return await attempt();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof ApiError || error instanceof AdminConnectionError) throw error;
    if (error instanceof AdminContractError) {
      const problem = `the server's reply is not what this command expects (${error.message}): it is of another release`;
      throw new AdminConnectionError(endpoint, problem, { cause: error });
    }
    throw new ServerAwayError(endpoint, 'the server cannot be reached', { cause: error });
  }
}

/**
 * The caller's signal and a time limit in one. `renew` begins the limit again; lifting it, or disposing of it, ends the
 * limit.
 */
export function timeLimit(endpoint: string, timeoutMs: number, signal: AbortSignal | undefined) {
  const late = new AbortController();
  const problem = `no reply within ${timeoutMs} ms`;
  const timer = setTimeout(() => {
    late.abort(new ServerAwayError(endpoint, problem));
  }, timeoutMs);
  return {
    signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
    renew: () => timer.refresh(),
    lift: () => clearTimeout(timer),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

export const notAdmin = (endpoint: string) =>
  new AdminConnectionError(endpoint, 'what replies there is not the admin service');

export function parseJson(endpoint: string, text: string): unknown {
  const value = jsonIn(text);
  if (value === undefined) throw notAdmin(endpoint);
  return value;
}

/** Undefined when it is no JSON. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const hasMember = <Name extends string>(
  value: unknown,
  name: Name,
): value is { readonly [K in Name]: unknown } =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name);

export const isErrorBody = (value: unknown): value is AdminErrorBody =>
  hasMember(value, '__type') &&
  hasMember(value, 'message') &&
  typeof value.__type === 'string' &&
  typeof value.message === 'string';

/** An error that ends a reply comes after status 200. */
export function apiErrorOf(body: AdminErrorBody, status: number): ApiError {
  return new ApiError(body.__type, status < 400 ? 500 : status, body.message);
}
