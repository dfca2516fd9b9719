import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';
import { readSshStrings, sshMpint, sshString } from './ssh-wire.ts';

type Jwk = webcrypto.JsonWebKey;

export type SshKeyType = 'rsa' | 'ed25519';

export interface SshPublicKey {
  readonly keyType: SshKeyType;
  readonly key: KeyObject;
  /** The key in the form of RFC 4253, "Public Key Algorithms": what `ssh-rsa AAAA…` has in base64. */
  readonly blob: Buffer;
}

const names: Record<SshKeyType, string> = { rsa: 'ssh-rsa', ed25519: 'ssh-ed25519' };

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const fromBase64url = (text: string | undefined) => Buffer.from(text ?? '', 'base64url');

function blobOf(keyType: SshKeyType, jwk: Jwk): Buffer {
  const name = sshString(names[keyType]);
  if (keyType === 'ed25519') return Buffer.concat([name, sshString(fromBase64url(jwk.x))]);
  return Buffer.concat([name, sshMpint(fromBase64url(jwk.e)), sshMpint(fromBase64url(jwk.n))]);
}

/** The key's SSH form; undefined for a key that is neither RSA nor Ed25519. */
export function sshPublicKey(key: KeyObject): SshPublicKey | undefined {
  const keyType = key.asymmetricKeyType;
  if (keyType !== 'rsa' && keyType !== 'ed25519') return undefined;
  return { keyType, key, blob: blobOf(keyType, key.export({ format: 'jwk' })) };
}

function jwkOf(parts: readonly Buffer[]): Jwk | undefined {
  const [name, first, second, ...rest] = parts;
  if (!name || !first || rest.length > 0) return undefined;
  if (name.toString('latin1') === names.ed25519 && !second && first.length === 32) {
    return { kty: 'OKP', crv: 'Ed25519', x: base64url(first) };
  }
  if (name.toString('latin1') === names.rsa && second) {
    return { kty: 'RSA', e: base64url(first), n: base64url(second) };
  }
  return undefined;
}

/** Reads the form of RFC 4253. Undefined for what is not exactly one RSA or Ed25519 key. */
export function fromSshBlob(blob: Uint8Array): SshPublicKey | undefined {
  const parts = readSshStrings(blob);
  const jwk = parts && jwkOf(parts);
  if (!jwk) return undefined;
  try {
    const found = sshPublicKey(createPublicKey({ key: jwk, format: 'jwk' }));
    // The same key written otherwise (spare zeros) would get another fingerprint.
    return found?.blob.equals(blob) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** `ssh-ed25519 AAAA… comment`, one line as in `authorized_keys`. */
export function openSshLine({ keyType, blob }: SshPublicKey, comment: string): string {
  return `${names[keyType]} ${blob.toString('base64')} ${comment}`;
}
