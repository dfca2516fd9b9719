import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** A token is version, nonce, sealed expiry and tag; nothing is kept, and none fits another instance. */
const nonceBytes = 12;
const tagBytes = 16;
const expiryBytes = 8;
const tokenBytes = nonceBytes + expiryBytes + tagBytes;
export const tokenTtlSeconds = { min: 1, max: 21_600 };

/** Seals an expiry for one instance (AES-256-GCM with the instance id as associated data). */
export function issueToken(key: Uint8Array, instanceId: string, expiresAtMs: number): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(instanceId));
  const expiry = Buffer.alloc(expiryBytes);
  expiry.writeBigUInt64BE(BigInt(expiresAtMs));
  const sealed = Buffer.concat([cipher.update(expiry), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

/** True for a token that was issued to this instance and has not run out. */
export function isTokenValid(
  token: string,
  { key, instanceId, nowMs }: { key: Uint8Array; instanceId: string; nowMs: number },
): boolean {
  if (token.length > 2 * tokenBytes) return false;
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== tokenBytes) return false;
  const nonce = bytes.subarray(0, nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
    .setAAD(Buffer.from(instanceId))
    .setAuthTag(bytes.subarray(nonceBytes + expiryBytes));
  try {
    const sealed = bytes.subarray(nonceBytes, nonceBytes + expiryBytes);
    const expiry = Buffer.concat([decipher.update(sealed), decipher.final()]);
    return Number(expiry.readBigUInt64BE(0)) > nowMs;
  } catch {
    return false;
  }
}
