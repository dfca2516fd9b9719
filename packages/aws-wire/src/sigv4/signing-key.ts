import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { type Credential, terminator } from './credential-scope.ts';

/** Derived keys kept: a day, region and service for each access key in use. */
const keysMax = 1_000;

/** As node:crypto's own object: an HMAC by bytes makes one each time, which costs as much as the HMAC. */
export type DeriveSigningKey = (secret: string, credential: Credential) => KeyObject;

/** "Derive a signing key" of the Signature Version 4 documentation. */
export const deriveSigningKey: DeriveSigningKey = (secret, credential) => {
  const dateKey = hmac(`AWS4${secret}`, credential.date);
  const regionKey = hmac(dateKey, credential.region);
  const serviceKey = hmac(regionKey, credential.service);
  return createSecretKey(hmac(serviceKey, terminator));
};

/** Derives each key once; forgets the oldest of more than a thousand, and a changed secret's. */
export function cachedSigningKeys(): DeriveSigningKey {
  const cache = new Map<string, { readonly secret: string; readonly key: KeyObject }>();
  return (secret, credential) => {
    const { accessKeyId, date, region, service } = credential;
    const name = `${accessKeyId}/${date}/${region}/${service}`;
    const before = cache.get(name);
    if (before?.secret === secret) return before.key;
    const key = deriveSigningKey(secret, credential);
    cache.delete(name);
    cache.set(name, { secret, key });
    const oldest = cache.keys().next().value;
    if (cache.size > keysMax && oldest !== undefined) cache.delete(oldest);
    return key;
  };
}

function hmac(key: string | Uint8Array, text: string): Uint8Array {
  return createHmac('sha256', key).update(text).digest();
}
