import { execFile } from 'node:child_process';
import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface PlatformKey {
  readonly key: KeyObject;
  readonly keyPath: string;
  readonly certificatePath: string;
}

const isThere = (path: string) =>
  readFile(path).then(
    () => true,
    () => false,
  );

/** The key that signs identity documents, and its self-signed certificate; made at first use. */
export async function openPlatformKey(directory: string): Promise<PlatformKey> {
  const keyPath = join(directory, 'platform-key.pem');
  const certificatePath = join(directory, 'platform-certificate.pem');
  if (!(await isThere(certificatePath)) || !(await isThere(keyPath))) {
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-sha256', '-days', '7300'];
    const subject = ['-subj', '/C=US/ST=Washington/L=Seattle/O=Bakehouse'];
    const files = ['-keyout', `${keyPath}.new`, '-out', `${certificatePath}.new`];
    await run('openssl', [...request, ...subject, ...files], { timeout: 60_000 });
    await rename(`${keyPath}.new`, keyPath);
    await rename(`${certificatePath}.new`, certificatePath);
  }
  return { key: createPrivateKey(await readFile(keyPath)), keyPath, certificatePath };
}

/** 32 random bytes that seal tokens; made at first use. */
export async function ensureTokenKey(directory: string): Promise<string> {
  const path = join(directory, 'token-key');
  await writeFile(path, randomBytes(32), { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  return path;
}
