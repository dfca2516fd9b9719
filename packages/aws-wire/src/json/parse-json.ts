import { apiError } from '@bakehouse/domain';
import { bodyProblems } from '../body-problems.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonDocument;
export interface JsonDocument {
  readonly [name: string]: JsonValue;
}

const depthMax = 32;

/** A request body that is a JSON object; an empty one means `{}`. Throws `InvalidRequest`. */
export function parseJsonDocument(body: Uint8Array): JsonDocument {
  if (body.byteLength === 0) return {};
  const value = parse(body);
  if (!isJsonDocument(value)) throw invalid('The request body must be a JSON object.');
  if (isDeeperThan(value, depthMax)) {
    throw invalid(bodyProblems.tooDeep(depthMax));
  }
  return value;
}

export function isJsonDocument(value: unknown): value is JsonDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(body: Uint8Array): JsonValue {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body), withoutPrototype);
  } catch (cause) {
    throw invalid('The request body is not valid JSON in UTF-8.', cause);
  }
}

/** A `__proto__` that is copied with other members could one day replace a prototype. */
function withoutPrototype(name: string, value: unknown): unknown {
  return name === '__proto__' ? undefined : value;
}

function isDeeperThan(value: JsonValue, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}

function invalid(message: string, cause?: unknown) {
  return apiError('InvalidRequest', { message }, { cause });
}
