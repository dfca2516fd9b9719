import { headerValue, type RequestHeaders } from '../message.ts';
import { queryDecode, queryParameters } from '../query-string.ts';
import { uriEncode } from './uri-encode.ts';

export interface CanonicalParts {
  readonly method: string;
  readonly path: string;
  /** Already canonical: see `canonicalQuery`. */
  readonly query: string;
  readonly headers: RequestHeaders;
  /** Lower-case names in the order in which the signer lists them. */
  readonly signedHeaders: readonly string[];
  readonly payloadHash: string;
  readonly service: string;
}

/** "Create a canonical request" of the Signature Version 4 documentation. */
export function canonicalRequest(parts: CanonicalParts): string {
  const headers = parts.signedHeaders.map((name) => {
    const value = headerValue(parts.headers, name) ?? '';
    return `${name}:${canonicalHeaderValue(value)}\n`;
  });
  return [
    parts.method.toUpperCase(),
    canonicalPath(parts.path, parts.service),
    parts.query,
    headers.join(''),
    parts.signedHeaders.join(';'),
    parts.payloadHash,
  ].join('\n');
}

/** Parameters encoded again and sorted by name, then value; the signature itself is not signed. */
export function canonicalQuery(rawQuery: string): string {
  if (rawQuery === '') return '';
  return queryParameters(rawQuery)
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/**
 * S3 takes the path as it is, encoded once. Elsewhere dot segments and double slashes are removed
 * and what was sent encoded is encoded again.
 */
function canonicalPath(path: string, service: string): string {
  if (path === '/') return '/';
  if (service === 's3') return path.split('/').map(queryDecode).map(uriEncode).join('/') || '/';
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(uriEncode(segment));
  }
  const slash = kept.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${kept.join('/')}${slash}`;
}

/** White space that the canonical form writes otherwise; few headers have any. */
const uneven = /^\s|\s$|\s\s|[^\S ]/;

function canonicalHeaderValue(value: string): string {
  return uneven.test(value) ? value.replace(/\s+/g, ' ').trim() : value;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
