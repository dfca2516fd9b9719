import type { TimestampMs } from '@bakehouse/base';
import { amzDate } from './amz-date.ts';
import { algorithm } from './authorization.ts';
import { canonicalQuery, canonicalRequest } from './canonical-request.ts';
import { type Credential, scopeOf } from './credential-scope.ts';
import { sha256Hex, signatureOf, stringToSign } from './signature.ts';
import { deriveSigningKey } from './signing-key.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface RequestToSign {
  readonly method: string;
  readonly url: URL;
  /** By lower-case name; all of them are signed. `host` comes from the URL. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface SigningOptions {
  readonly credentials: Credentials;
  readonly region: string;
  readonly service: string;
  readonly now: TimestampMs;
}

/**
 * The headers to send: those given, the date, the payload's hash, the session token if there is
 * one, and `authorization`. `host` is signed and left out, because the HTTP client writes it.
 */
export function signRequest(
  request: RequestToSign,
  { credentials, region, service, now }: SigningOptions,
): Record<string, string> {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const payloadHash = sha256Hex(request.body);
  const sent = {
    ...request.headers,
    'x-amz-date': amzDate(now),
    'x-amz-content-sha256': payloadHash,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  };
  const headers = { ...sent, host: request.url.host };
  const signedHeaders = Object.keys(headers).sort();
  const credential: Credential = { accessKeyId, date: amzDate(now).slice(0, 8), region, service };
  const canonical = canonicalRequest({
    method: request.method,
    path: request.url.pathname,
    query: canonicalQuery(request.url.search.slice(1)),
    headers,
    signedHeaders,
    payloadHash,
    service,
  });
  const text = stringToSign(canonical, credential, now);
  const signature = signatureOf(text, deriveSigningKey(secretAccessKey, credential));
  const scope = `${accessKeyId}/${scopeOf(credential)}`;
  const authorization = `${algorithm} Credential=${scope}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  return { ...sent, authorization };
}
