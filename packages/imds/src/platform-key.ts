import {
  createPrivateKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readBytesIfExists, writeFileDurably } from '@bakehouse/host';
import { selfSignedCertificate } from './platform-certificate.ts';
import { tokenKeyBytes } from './session-token.ts';

/** Signs identity documents. The key stays in the control plane; the agent, which guests talk to, does not have it. */
export interface PlatformKey {
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
}

const generate = promisify(generateKeyPair);

/**
 * The key in `platform-key.pem` and its self-signed `platform-certificate.pem`, created at first use. Rejects when one
 * is damaged or they do not belong together: a new key would silently invalidate what was signed before.
 */
export async function openPlatformKey(directory: string, nowMs: number): Promise<PlatformKey> {
  const keyPath = join(directory, 'platform-key.pem');
  const certificatePath = join(directory, 'platform-certificate.pem');
  const keyPem = (await readBytesIfExists(keyPath)) ?? (await makeKey(keyPath));
  const key = readPem(keyPath, () => createPrivateKey(keyPem));
  const certificatePem =
    (await readBytesIfExists(certificatePath)) ??
    (await makeCertificate(certificatePath, key, nowMs));
  const certificate = readPem(certificatePath, () => new X509Certificate(certificatePem));
  if (!certificate.checkPrivateKey(key)) {
    throw new Error(
      `${certificatePath} is not the certificate of ${keyPath}; remove it, and the next start creates another`,
    );
  }
  await chmod(keyPath, 0o600);
  return { key, certificate };
}

async function makeKey(path: string): Promise<Buffer> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 });
  const pem = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFileDurably(path, pem);
  return pem;
}

async function makeCertificate(path: string, key: KeyObject, nowMs: number): Promise<Buffer> {
  const pem = Buffer.from(selfSignedCertificate(key, nowMs));
  await writeFileDurably(path, pem);
  return pem;
}

function readPem<Value>(path: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${path} is damaged; restore a copy, or remove it to create another`, {
      cause,
    });
  }
}

/** The file with the key that seals tokens, created at first use, and again when it was cut short. */
export async function ensureTokenKey(directory: string): Promise<string> {
  const path = join(directory, 'token-key');
  const found = await readBytesIfExists(path);
  if (found?.length !== tokenKeyBytes) await writeFileDurably(path, randomBytes(tokenKeyBytes));
  return path;
}
