import type { TimestampMs } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import { headerValue, type RequestHead } from '../message.ts';
import { queryParameters } from '../query-string.ts';
import { parseAmzDate } from './amz-date.ts';
import { type Credential, parseCredential } from './credential-scope.ts';

export const algorithm = 'AWS4-HMAC-SHA256';
const signedHeadersMax = 100;
const presignedSecondsMax = 7 * 24 * 60 * 60;

/** What a request says about its own signature, in a header or in its query. Nothing is checked. */
export interface Authorization {
  readonly kind: 'header' | 'presigned';
  readonly credential: Credential;
  readonly signedHeaders: readonly string[];
  /** 64 lower-case hex digits. */
  readonly signature: string;
  readonly signedAt: TimestampMs;
  /** How long after `signedAt` a presigned request holds; absent in a header. */
  readonly expiresAfterMs?: number;
  readonly sessionToken?: string;
}

/**
 * Refuses with `MissingAuthenticationToken` when there is no signature and with
 * `IncompleteSignature` when one is there and malformed.
 */
export function readAuthorization(request: RequestHead): Authorization {
  const header = headerValue(request.headers, 'authorization');
  if (header !== undefined) return fromHeader(request, header);
  if (!request.rawQuery.includes('X-Amz-')) throw apiError('MissingAuthenticationToken', {});
  const query = new Map(queryParameters(request.rawQuery));
  if (!query.has('X-Amz-Credential') && !query.has('X-Amz-Signature')) {
    throw apiError('MissingAuthenticationToken', {});
  }
  return fromQuery(query);
}

function fromHeader(request: RequestHead, header: string): Authorization {
  const [scheme = '', rest = ''] = splitOnce(header.trim(), ' ');
  if (scheme !== algorithm) throw unsupportedAlgorithm(scheme);
  const fields = new Map(
    rest.split(',').map((field) => {
      const [name = '', value = ''] = splitOnce(field.trim(), '=');
      return [name, value] as const;
    }),
  );
  const need = (name: string) => {
    const value = fields.get(name);
    if (value) return value;
    throw incomplete(`Authorization header requires '${name}' parameter.`);
  };
  const token = headerValue(request.headers, 'x-amz-security-token');
  return {
    kind: 'header',
    credential: parseCredential(need('Credential')),
    signedHeaders: parseSignedHeaders(need('SignedHeaders')),
    signature: parseSignature(need('Signature')),
    signedAt: dateOfHeaders(request),
    ...(token !== undefined && { sessionToken: token }),
  };
}

function fromQuery(query: ReadonlyMap<string, string>): Authorization {
  const need = (name: string) => {
    const value = query.get(name);
    if (value) return value;
    throw incomplete(`AWS query-string parameters must include '${name}'.`);
  };
  const scheme = need('X-Amz-Algorithm');
  if (scheme !== algorithm) throw unsupportedAlgorithm(scheme);
  const signedAt = parseAmzDate(need('X-Amz-Date'));
  if (signedAt === undefined) throw badDate();
  const token = query.get('X-Amz-Security-Token');
  return {
    kind: 'presigned',
    credential: parseCredential(need('X-Amz-Credential')),
    signedHeaders: parseSignedHeaders(need('X-Amz-SignedHeaders')),
    signature: parseSignature(need('X-Amz-Signature')),
    signedAt,
    expiresAfterMs: parseExpires(need('X-Amz-Expires')),
    ...(token !== undefined && { sessionToken: token }),
  };
}

function dateOfHeaders(request: RequestHead): TimestampMs {
  const amz = headerValue(request.headers, 'x-amz-date');
  const plain = headerValue(request.headers, 'date');
  if (amz === undefined && plain === undefined) {
    throw incomplete(
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    );
  }
  const time = amz === undefined ? dateHeader(plain ?? '') : parseAmzDate(amz);
  if (time === undefined) throw badDate();
  return time;
}

/** `Date` is HTTP's form; some signers write the short form there too. */
function dateHeader(text: string): TimestampMs | undefined {
  const time = parseAmzDate(text) ?? Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

const headerNames = /^[a-z0-9!#$%&'*+.^_`|~-]+(?:;[a-z0-9!#$%&'*+.^_`|~-]+)*$/;

function parseSignedHeaders(text: string): string[] {
  const names = text.split(';');
  if (
    !headerNames.test(text) ||
    names.length > signedHeadersMax ||
    new Set(names).size !== names.length
  ) {
    throw incomplete(
      `SignedHeaders must be at most ${signedHeadersMax} different lower-case header names ` +
        'separated by semicolons.',
    );
  }
  return names;
}

function parseSignature(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw incomplete('Signature must be 64 lower-case hexadecimal digits.');
}

function parseExpires(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= presignedSecondsMax) return seconds * 1000;
  throw incomplete(`X-Amz-Expires must be from 1 to ${presignedSecondsMax} seconds.`);
}

function unsupportedAlgorithm(scheme: string) {
  return incomplete(`Unsupported AWS 'algorithm': '${scheme.slice(0, 40)}'. Use ${algorithm}.`);
}

function badDate() {
  return incomplete("Date must be in ISO-8601 'basic format', such as 20260131T235959Z.");
}

function incomplete(message: string) {
  return apiError('IncompleteSignature', { message });
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length).trim()];
}
