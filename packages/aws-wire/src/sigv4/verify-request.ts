import { type KeyObject, timingSafeEqual } from 'node:crypto';
import { minuteMs, type TimestampMs } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import { amzDate } from './amz-date.ts';
import { type Authorization, readAuthorization } from './authorization.ts';
import { canonicalQuery, canonicalRequest } from './canonical-request.ts';
import { payloadHash } from './payload-hash.ts';
import { checkSignedHeaders } from './required-headers.ts';
import { signatureOf, stringToSign } from './signature.ts';
import type { SignedRequest } from './signed-request.ts';
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

const sharedSigningKeys = cachedSigningKeys();
const shownCharactersMax = 4_000;

/**
 * Checks a request's Signature Version 4, in the `Authorization` header or in a presigned query.
 * Throws `MissingAuthenticationToken`, `IncompleteSignature`, `RequestExpired`,
 * `SignatureDoesNotMatch`, and for a key that is not known `AuthFailure` (EC2) or
 * `InvalidClientTokenId` (the other services).
 */
export async function verifyRequest(
  request: SignedRequest,
  options: VerifyOptions,
): Promise<VerifiedIdentity> {
  const authorization = readAuthorization(request);
  checkTime(authorization, options);
  checkSignedHeaders(request.headers, authorization);
  const { credential } = authorization;
  const key = await options.findSecret(credential.accessKeyId);
  if (key === undefined || !isSame(key.sessionToken ?? '', authorization.sessionToken ?? '')) {
    throw unknownKey(credential.service);
  }
  checkSignature(
    request,
    authorization,
    (options.deriveSigningKey ?? sharedSigningKeys)(key.secret, credential),
  );
  return { ...identityOf(authorization), accountId: key.accountId };
}

/**
 * Who a request says it is from, unverified: for a server that trusts every caller. Refuses, like
 * `verifyRequest`, a request without a readable signature.
 */
export function claimedIdentity(request: SignedRequest): RequestIdentity {
  return identityOf(readAuthorization(request));
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

function checkSignature(request: SignedRequest, authorization: Authorization, key: KeyObject) {
  const { credential, signedAt, signedHeaders } = authorization;
  const canonical = canonicalRequest({
    method: request.method,
    path: request.path,
    query: canonicalQuery(request.rawQuery),
    headers: request.headers,
    signedHeaders,
    payloadHash: payloadHash(request, authorization),
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
