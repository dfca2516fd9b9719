import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { createdFingerprint } from './fingerprint.ts';
import { openSshPrivateKey } from './openssh-private-key.ts';
import { puttyPrivateKey } from './putty-private-key.ts';
import { openSshLine, type SshKeyType, type SshPublicKey, sshPublicKey } from './ssh-public-key.ts';

export interface KeyRequest {
  readonly keyType: SshKeyType;
  readonly format: 'pem' | 'ppk';
  /** Written into both halves, as EC2 writes the key pair's name. */
  readonly comment: string;
}

export interface GeneratedKey {
  readonly publicLine: string;
  readonly fingerprint: string;
  /** Secret: returned once, never stored. */
  readonly privateText: string;
}

const generate = promisify(generateKeyPair);
const rsaBits = 2048;

function privateText(publicKey: SshPublicKey, privateKey: KeyObject, request: KeyRequest): string {
  const { keyType, format, comment } = request;
  if (format === 'ppk') return puttyPrivateKey(publicKey, privateKey, comment);
  if (keyType === 'ed25519') return openSshPrivateKey(publicKey, privateKey, comment);
  return privateKey.export({ format: 'pem', type: 'pkcs1' }).toString();
}

/** A new key pair from the system's key source. RSA takes some 100 ms of a worker thread. */
export async function generateKey(request: KeyRequest): Promise<GeneratedKey> {
  const pair =
    request.keyType === 'rsa'
      ? await generate('rsa', { modulusLength: rsaBits })
      : await generate('ed25519', {});
  const publicKey = sshPublicKey(pair.publicKey);
  if (!publicKey) throw new TypeError(`no SSH form of ${request.keyType} keys`);
  return {
    publicLine: openSshLine(publicKey, request.comment),
    fingerprint: createdFingerprint(publicKey, pair.privateKey),
    privateText: privateText(publicKey, pair.privateKey, request),
  };
}
