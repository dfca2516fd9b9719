import { apiError } from '@bakehouse/domain';
import { bodyProblems } from '../body-problems.ts';
import { shown } from '../scalars/decode-scalar.ts';

/** One `name=value` of a Query request, decoded; `path` is the name split at its dots. */
export interface FormParameter {
  readonly name: string;
  readonly path: readonly string[];
  readonly value: string;
}

/** Far above what any operation needs: 1,000 resources with 50 tags are 1,100 parameters. */
const parametersMax = 20_000;
const pathSegmentsMax = 32;

/**
 * The parameters of an `application/x-www-form-urlencoded` text, in order. A name may appear once.
 * Refuses with `MalformedQueryString` what cannot be decoded and what is beyond the bounds.
 */
export function parseFormParameters(text: string): FormParameter[] {
  const parameters: FormParameter[] = [];
  const seen = new Set<string>();
  let start = 0;
  while (start <= text.length) {
    const ampersand = text.indexOf('&', start);
    const end = ampersand === -1 ? text.length : ampersand;
    if (end > start) parameters.push(parameter(text.slice(start, end), seen));
    if (parameters.length > parametersMax) {
      throw malformed(`The request has more than ${parametersMax} parameters.`);
    }
    start = end + 1;
  }
  return parameters;
}

/** A form body is text: bytes that are no UTF-8 are refused. */
export function formText(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch (error) {
    throw malformed(bodyProblems.notUtf8, error);
  }
}

function parameter(part: string, seen: Set<string>): FormParameter {
  const equals = part.indexOf('=');
  const name = formDecode(equals === -1 ? part : part.slice(0, equals));
  const value = equals === -1 ? '' : formDecode(part.slice(equals + 1));
  if (seen.has(name)) throw malformed(bodyProblems.twice(shown(name)));
  seen.add(name);
  const path = name.split('.', pathSegmentsMax + 1);
  if (path.length > pathSegmentsMax) {
    throw malformed(`The parameter ${shown(name)} has more than ${pathSegmentsMax} parts.`);
  }
  return { name, path, value };
}

function formDecode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch (error) {
    throw malformed(`The text ${shown(text)} is not validly percent-encoded UTF-8.`, error);
  }
}

function malformed(message: string, cause?: unknown) {
  return apiError('MalformedQueryString', { message }, { cause });
}
