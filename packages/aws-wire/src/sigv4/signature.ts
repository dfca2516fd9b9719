import { createHmac, hash, type KeyObject } from 'node:crypto';
import type { TimestampMs } from '@bakehouse/base';
import { amzDate } from './amz-date.ts';
import { algorithm } from './authorization.ts';
import { type Credential, scopeOf } from './credential-scope.ts';

/** "Create a string to sign" of the Signature Version 4 documentation. */
export function stringToSign(
  canonicalRequest: string,
  credential: Credential,
  signedAt: TimestampMs,
): string {
  const requestHash = sha256Hex(canonicalRequest);
  return [algorithm, amzDate(signedAt), scopeOf(credential), requestHash].join('\n');
}

export function signatureOf(text: string, signingKey: KeyObject): string {
  return createHmac('sha256', signingKey).update(text).digest('hex');
}

export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}
