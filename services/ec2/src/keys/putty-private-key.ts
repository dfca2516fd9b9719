import { createHash, createHmac, type KeyObject } from 'node:crypto';
import type { SshPublicKey } from './ssh-public-key.ts';
import { sshMpint, sshString } from './ssh-wire.ts';

const lineLength = 64;
const algorithms = { rsa: 'ssh-rsa', ed25519: 'ssh-ed25519' } as const;

/** The private numbers that PuTTY keeps for each type ("PPK file format", "Private key encodings"). */
function privateNumbers({ keyType }: SshPublicKey, privateKey: KeyObject): Buffer {
  const jwk = privateKey.export({ format: 'jwk' });
  const bytes = (member: string | undefined) => Buffer.from(member ?? '', 'base64url');
  // A little-endian number to PuTTY: the seed's bytes as they are.
  if (keyType === 'ed25519') return sshString(bytes(jwk.d));
  return Buffer.concat([jwk.d, jwk.p, jwk.q, jwk.qi].map((member) => sshMpint(bytes(member))));
}

const linesOf = (bytes: Buffer) =>
  bytes.toString('base64').match(new RegExp(`.{1,${lineLength}}`, 'g')) ?? [];

/**
 * A private key as PuTTY keeps it, version 2 (read by every PuTTY since 0.52), without a passphrase. Format:
 * PuTTY's user manual, "PPK file format".
 */
export function puttyPrivateKey(
  publicKey: SshPublicKey,
  privateKey: KeyObject,
  comment: string,
): string {
  const algorithm = algorithms[publicKey.keyType];
  const encryption = 'none';
  const secret = privateNumbers(publicKey, privateKey);
  const authenticated = [algorithm, encryption, comment, publicKey.blob, secret].map(sshString);
  const macKey = createHash('sha1').update('putty-private-key-file-mac-key').digest();
  const mac = createHmac('sha1', macKey).update(Buffer.concat(authenticated)).digest('hex');
  const [publicLines, secretLines] = [linesOf(publicKey.blob), linesOf(secret)];
  return [
    `PuTTY-User-Key-File-2: ${algorithm}`,
    `Encryption: ${encryption}`,
    `Comment: ${comment}`,
    `Public-Lines: ${publicLines.length}`,
    ...publicLines,
    `Private-Lines: ${secretLines.length}`,
    ...secretLines,
    `Private-MAC: ${mac}`,
    '',
  ].join('\n');
}
