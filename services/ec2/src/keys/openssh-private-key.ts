import { type KeyObject, randomBytes } from 'node:crypto';
import type { SshPublicKey } from './ssh-public-key.ts';
import { sshString } from './ssh-wire.ts';

const lineLength = 70;
const blockSize = 8;

function privateSection(publicKey: SshPublicKey, privateKey: KeyObject, comment: string): Buffer {
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  const [seed, point] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  const check = randomBytes(4);
  const content = Buffer.concat([
    check,
    check,
    publicKey.blob,
    sshString(Buffer.concat([seed, point])),
    sshString(comment),
  ]);
  const padding = (blockSize - (content.length % blockSize)) % blockSize;
  return Buffer.concat([content, Buffer.from(Array.from({ length: padding }, (_, i) => i + 1))]);
}

/**
 * An Ed25519 private key as OpenSSH keeps it, without a passphrase. Format: OpenSSH's PROTOCOL.key, "Overall
 * format" and "KDF options for kdfname none".
 */
export function openSshPrivateKey(
  publicKey: SshPublicKey,
  privateKey: KeyObject,
  comment: string,
): string {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(1);
  const bytes = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    sshString('none'),
    sshString('none'),
    sshString(''),
    count,
    sshString(publicKey.blob),
    sshString(privateSection(publicKey, privateKey, comment)),
  ]);
  const lines = bytes.toString('base64').match(new RegExp(`.{1,${lineLength}}`, 'g')) ?? [];
  return [
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    ...lines,
    '-----END OPENSSH PRIVATE KEY-----',
    '',
  ].join('\n');
}
