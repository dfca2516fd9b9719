import { createHash, type KeyObject } from 'node:crypto';
import type { SshPublicKey } from './ssh-public-key.ts';

const colons = (hex: string) => hex.replace(/..(?!$)/g, '$&:');

/** What `ssh-keygen -l` prints behind `SHA256:`, but padded: EC2 shows `HvE7+gmH…Jwgyk=`. */
const ed25519Fingerprint = ({ blob }: SshPublicKey) =>
  createHash('sha256').update(blob).digest('base64');

/**
 * EC2's fingerprint of a key pair that was imported ("Verify the fingerprint of your key pair"): of RSA the
 * MD5 of the DER public key, of Ed25519 the SHA-256 of the SSH form.
 */
export function importedFingerprint(publicKey: SshPublicKey): string {
  if (publicKey.keyType === 'ed25519') return ed25519Fingerprint(publicKey);
  const der = publicKey.key.export({ format: 'der', type: 'spki' });
  return colons(createHash('md5').update(der).digest('hex'));
}

/** EC2's fingerprint of a key pair that EC2 made: of RSA the SHA-1 of the DER PKCS#8 private key. */
export function createdFingerprint(publicKey: SshPublicKey, privateKey: KeyObject): string {
  if (publicKey.keyType === 'ed25519') return ed25519Fingerprint(publicKey);
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  return colons(createHash('sha1').update(der).digest('hex'));
}
