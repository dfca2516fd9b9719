import { MiB } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import { headerValue, type RequestHeaders } from '../sigv4/signed-request.ts';
import { adminTargetPrefix } from './admin-protocol.ts';

export interface AdminCall {
  readonly operation: string;
  readonly input: JsonObject;
}

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

export const adminBodyBytesMax = 4 * MiB;
const depthMax = 32;

/**
 * Operation and input of an admin request. An empty body is an empty input. Refuses with
 * `MissingAction`, `InvalidAction` (the target is not ours), `RequestEntityTooLarge` and
 * `InvalidRequest` (no JSON object, or nested too deep).
 */
export function decodeAdminRequest(request: {
  readonly headers: RequestHeaders;
  readonly body: Uint8Array;
}): AdminCall {
  const target = headerValue(request.headers, 'x-amz-target');
  if (target === undefined) throw apiError('MissingAction', {});
  const operation = target.slice(adminTargetPrefix.length);
  if (!target.startsWith(adminTargetPrefix) || !/^[A-Z][A-Za-z0-9]{0,63}$/.test(operation)) {
    throw apiError('InvalidAction', { action: target.slice(0, 100), version: '' });
  }
  return { operation, input: decodeInput(request.body) };
}

function decodeInput(body: Uint8Array): JsonObject {
  if (body.byteLength === 0) return {};
  if (body.byteLength > adminBodyBytesMax) {
    const message = `The request body is larger than ${adminBodyBytesMax} bytes.`;
    throw apiError('RequestEntityTooLarge', { message });
  }
  const value = parseJson(body);
  if (!isJsonObject(value)) throw invalid('The request body must be a JSON object.');
  if (isDeeperThan(value, depthMax)) {
    throw invalid(`The request body is nested more than ${depthMax} levels deep.`);
  }
  return value;
}

function parseJson(body: Uint8Array): JsonValue {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body), withoutPrototype);
  } catch (cause) {
    throw invalid('The request body is not valid JSON in UTF-8.', cause);
  }
}

/** A `__proto__` that is copied about would one day replace a prototype. */
function withoutPrototype(name: string, value: unknown): unknown {
  return name === '__proto__' ? undefined : value;
}

function isDeeperThan(value: JsonValue, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string, cause?: unknown) {
  return apiError('InvalidRequest', { message }, { cause });
}
