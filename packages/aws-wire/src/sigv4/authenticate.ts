import { type KeyObject, timingSafeEqual } from 'node:crypto';
import { minuteMs, type TimestampMs } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import type { RequestHead } from '../message.ts';
import { amzDate } from './amz-date.ts';
import { type Authorization, readAuthorization } from './authorization.ts';
import { canonicalQuery, canonicalRequest } from './canonical-request.ts';
import { isUnsigned, namedPayload } from './payload-hash.ts';
import { checkSignedHeaders } from './required-headers.ts';
import { signatureOf, stringToSign } from './signature.ts';
import { cachedSigningKeys, type DeriveSigningKey } from './signing-key.ts';

export interface KnownKey {
  readonly secret: string;
  readonly accountId: string;
  /** Of temporary credentials: the request must carry it. */
  readonly sessionToken?: string;
}

export interface VerifyOptions {
  /** The secret of an access key; undefined when there is no such key or it is not active. */
  findSecret(accessKeyId: string): Promise<KnownKey | undefined>;
  readonly now: TimestampMs;
  /** How far the caller's clock may be off. EC2's 15 minutes unless given. */
  readonly skewMs?: number;
  /** Derives signing keys; a cache shared by the process unless given. */
  readonly deriveSigningKey?: DeriveSigningKey;
}

/** Who signed a request, and for which region and service. */
export interface RequestIdentity {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

export interface VerifiedIdentity extends RequestIdentity {
  readonly accountId: string;
}

/** A request whose head is authentic, as far as the head alone can show. */
export interface Authenticated {
  readonly identity: VerifiedIdentity;
  /** What is left to check once the body is known; undefined when the body may be anything. */
  readonly payload?: PayloadCheck;
}

export interface PayloadCheck {
  /** True when the head names the body's hash: then all else of the signature has been verified. */
  readonly isHashNamed: boolean;
  /** Throws `SignatureDoesNotMatch` unless the signature covers a body of this SHA-256 (hex). */
  check(sha256: string): void;
}

const sharedSigningKeys = cachedSigningKeys();
const shownCharactersMax = 4_000;

/**
 * Checks a request's Signature Version 4, in the `Authorization` header or in a presigned query,
 * before its body is read. Throws `MissingAuthenticationToken`, `IncompleteSignature`,
 * `RequestExpired`, `SignatureDoesNotMatch`, and for an unknown key `AuthFailure` (EC2) or
 * `InvalidClientTokenId` (the other services).
 */
export async function authenticate(
  head: RequestHead,
  options: VerifyOptions,
): Promise<Authenticated> {
  const authorization = readAuthorization(head);
  checkTime(authorization, options);
  checkSignedHeaders(head.headers, authorization);
  const { credential } = authorization;
  const key = await options.findSecret(credential.accessKeyId);
  if (key === undefined || !isSame(key.sessionToken ?? '', authorization.sessionToken ?? '')) {
    throw unknownKey(credential.service);
  }
  const identity = { ...identityOf(authorization), accountId: key.accountId };
  const signingKey = (options.deriveSigningKey ?? sharedSigningKeys)(key.secret, credential);
  const named = namedPayload(head, authorization);
  if (named === undefined) {
    const check = (sha256: string) => checkSignature(head, authorization, signingKey, sha256);
    return { identity, payload: { isHashNamed: false, check } };
  }
  checkSignature(head, authorization, signingKey, named);
  if (isUnsigned(named, credential.service)) return { identity };
  return { identity, payload: { isHashNamed: true, check: (sha256) => checkHash(named, sha256) } };
}

/**
 * Who a request says it is from, unverified: for a server that trusts every caller. Refuses, as
 * `authenticate` does, a request without a readable signature.
 */
export function claimedIdentity(head: RequestHead): RequestIdentity {
  return identityOf(readAuthorization(head));
}

function identityOf({ credential }: Authorization): RequestIdentity {
  const { accessKeyId, region, service } = credential;
  return { accessKeyId, region, service };
}

function checkTime(authorization: Authorization, { now, skewMs = 15 * minuteMs }: VerifyOptions) {
  const { signedAt, expiresAfterMs, credential } = authorization;
  const day = amzDate(signedAt).slice(0, 8);
  if (day !== credential.date) {
    throw apiError('SignatureDoesNotMatch', {
      message:
        'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from ' +
        `HTTP: '${credential.date}' != '${day}', from '${amzDate(signedAt)}'.`,
    });
  }
  const oldest = now - (expiresAfterMs ?? skewMs);
  if (signedAt < oldest) {
    throw expired(`Signature expired: ${amzDate(signedAt)} is now earlier than ${amzDate(oldest)}`);
  }
  const newest = now + skewMs;
  if (signedAt > newest) {
    throw expired(
      `Signature not yet current: ${amzDate(signedAt)} is still later than ${amzDate(newest)}`,
    );
  }
}

function checkSignature(
  head: RequestHead,
  authorization: Authorization,
  key: KeyObject,
  payloadHash: string,
): void {
  const { credential, signedAt, signedHeaders } = authorization;
  const canonical = canonicalRequest({
    method: head.method,
    path: head.path,
    query: canonicalQuery(head.rawQuery),
    headers: head.headers,
    signedHeaders,
    payloadHash,
    service: credential.service,
  });
  const text = stringToSign(canonical, credential, signedAt);
  if (isSame(signatureOf(text, key), authorization.signature)) return;
  throw apiError('SignatureDoesNotMatch', {
    message:
      'The request signature we calculated does not match the signature you provided. Check your ' +
      'AWS Secret Access Key and signing method. Consult the service documentation for details.' +
      `\n\nThe Canonical String for this request should have been\n'${shown(canonical)}'` +
      `\n\nThe String-to-Sign should have been\n'${text}'`,
  });
}

/** Otherwise a signed request could be sent again with another body. */
function checkHash(named: string, actual: string): void {
  if (named === actual) return;
  throw apiError('SignatureDoesNotMatch', {
    message: `The value of 'x-amz-content-sha256' is not the SHA-256 of the body that was received, which is ${actual}.`,
  });
}

/** The caller's own words, but not a session token, for messages are logged. */
function shown(canonical: string): string {
  return canonical
    .replaceAll(/(x-amz-security-token[:=])[^\n&]*/gi, '$1(hidden)')
    .slice(0, shownCharactersMax);
}

/** Takes as long whether the first or the last character differs. */
function isSame(a: string, b: string): boolean {
  if (a === '' && b === '') return true;
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function unknownKey(service: string) {
  if (service !== 'ec2') return apiError('InvalidClientTokenId', {});
  const message = 'AWS was not able to validate the provided access credentials';
  return apiError('AuthFailure', { message });
}

function expired(message: string) {
  return apiError('RequestExpired', { message });
}
