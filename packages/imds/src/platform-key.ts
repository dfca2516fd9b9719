import {
  createPrivateKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { selfSignedCertificate } from './platform-certificate.ts';
import { tokenKeyBytes } from './session-token.ts';

/** What signs identity documents. The key stays in the control plane: the agent, which guests talk to, has it not. */
export interface PlatformKey {
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
}

const generate = promisify(generateKeyPair);

async function makeFile(path: string, content: string | Uint8Array): Promise<void> {
  await rm(`${path}.new`, { force: true });
  await writeFile(`${path}.new`, content, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}

const readIfThere = (path: string) =>
  readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });

/**
 * The key in `platform-key.pem` and its self-signed `platform-certificate.pem`, made at first use. Throws when
 * one is damaged or they do not belong together: another key would quietly void what was signed before.
 */
export async function openPlatformKey(directory: string, nowMs: number): Promise<PlatformKey> {
  const keyPath = join(directory, 'platform-key.pem');
  const certificatePath = join(directory, 'platform-certificate.pem');
  const keyPem = (await readIfThere(keyPath)) ?? (await makeKey(keyPath));
  const key = readPem(keyPath, () => createPrivateKey(keyPem));
  const certificatePem =
    (await readIfThere(certificatePath)) ?? (await makeCertificate(certificatePath, key, nowMs));
  const certificate = readPem(certificatePath, () => new X509Certificate(certificatePem));
  if (!certificate.checkPrivateKey(key)) {
    throw new Error(
      `${certificatePath} is not the certificate of ${keyPath}: remove it to make one`,
    );
  }
  await chmod(keyPath, 0o600);
  return { key, certificate };
}

async function makeKey(path: string): Promise<Buffer> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 });
  await makeFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return await readFile(path);
}

async function makeCertificate(path: string, key: KeyObject, nowMs: number): Promise<Buffer> {
  await makeFile(path, selfSignedCertificate(key, nowMs));
  return await readFile(path);
}

function readPem<Value>(path: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${path} is damaged: put a copy back, or remove it to make another`, { cause });
  }
}

/** The file with the bytes that seal tokens; made at first use, and again when it is cut short. */
export async function ensureTokenKey(directory: string): Promise<string> {
  const path = join(directory, 'token-key');
  const found = await readIfThere(path);
  if (found?.length !== tokenKeyBytes) await makeFile(path, randomBytes(tokenKeyBytes));
  return path;
}
