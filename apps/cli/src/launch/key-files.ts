import { execFile } from 'node:child_process';
import { access, chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CommandFailedError } from '../command.ts';

/** The key pair that `run` and `up` use by default. */
export const defaultKeyName = 'bakehouse';

/** Where the private half of a key pair is kept; names of key pairs may hold anything. */
export function privateKeyPath(dataDirectory: string, keyName: string): string {
  return join(dataDirectory, 'keys', `${encodeURIComponent(keyName)}.pem`);
}

export async function findPrivateKey(
  dataDirectory: string,
  keyName: string,
): Promise<string | undefined> {
  const path = privateKeyPath(dataDirectory, keyName);
  return await access(path).then(
    () => path,
    () => undefined,
  );
}

async function sshKeygen(args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)('ssh-keygen', args, { timeout: 30_000 })).stdout;
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const why = isMissing ? 'is not installed: apt-get install openssh-client' : String(cause);
    throw new CommandFailedError(`ssh-keygen ${why}`, { cause });
  }
}

/** Makes the private half, 0600 in a folder 0700. The file is there before any server knows the key. */
export async function makePrivateKey(dataDirectory: string, keyName: string): Promise<string> {
  const folder = join(dataDirectory, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const path = privateKeyPath(dataDirectory, keyName);
  await sshKeygen(['-q', '-t', 'ed25519', '-N', '', '-C', keyName, '-f', path]);
  return path;
}

/** `ssh-ed25519 AAAA…`, derived from the private half. */
export async function publicKeyOf(path: string): Promise<string> {
  const text = await readFile(`${path}.pub`, 'utf8').catch(() => sshKeygen(['-y', '-f', path]));
  return text.trim();
}

/** Type and body of a public key, without its comment. */
export const publicKeyBody = (text: string): string =>
  text.trim().split(/\s+/).slice(0, 2).join(' ');
