import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** A token is a nonce, the sealed expiry and a tag. Nothing is stored, and no token is valid for another instance. */
const nonceBytes = 12;
const tagBytes = 16;
const expiryBytes = 8;
const tokenBytes = nonceBytes + expiryBytes + tagBytes;
const tokenCharacters = Math.ceil((tokenBytes * 4) / 3);

/** The lifetimes that a guest may ask for. */
export const tokenTtlSeconds = { min: 1, max: 21_600 };

/** The size of the key that seals tokens. */
export const tokenKeyBytes = 32;

export interface TokenOwner {
  readonly key: Uint8Array;
  readonly instanceId: string;
}

/** Seals an expiry for one instance: AES-256-GCM with the instance id as associated data. */
export function issueToken({ key, instanceId }: TokenOwner, expiresAtMs: number): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(instanceId));
  const expiry = Buffer.alloc(expiryBytes);
  expiry.writeBigUInt64BE(BigInt(expiresAtMs));
  const sealed = Buffer.concat([cipher.update(expiry), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

/**
 * How long a token is still valid, in milliseconds; undefined for one that was not issued to this instance or has
 * expired. A token with more than the longest lifetime was issued before the clock was set back. It is refused, so
 * setting the clock extends no token.
 */
export function tokenLifeMs(
  { key, instanceId }: TokenOwner,
  token: string,
  nowMs: number,
): number | undefined {
  const expiry = openToken({ key, instanceId }, token);
  if (expiry === undefined) return undefined;
  const leftMs = expiry - nowMs;
  return leftMs > 0 && leftMs <= tokenTtlSeconds.max * 1000 ? leftMs : undefined;
}

function openToken({ key, instanceId }: TokenOwner, token: string): number | undefined {
  if (token.length !== tokenCharacters) return undefined;
  const bytes = Buffer.from(token, 'base64url');
  // Node skips characters outside of the alphabet, but only the exact text that was issued is a token.
  if (bytes.length !== tokenBytes || bytes.toString('base64url') !== token) return undefined;
  const nonce = bytes.subarray(0, nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    .setAAD(Buffer.from(instanceId))
    .setAuthTag(bytes.subarray(nonceBytes + expiryBytes));
  try {
    const sealed = bytes.subarray(nonceBytes, nonceBytes + expiryBytes);
    const expiry = Buffer.concat([decipher.update(sealed), decipher.final()]);
    return Number(expiry.readBigUInt64BE(0));
  } catch {
    return undefined;
  }
}
