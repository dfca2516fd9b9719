import { randomBytes } from 'node:crypto';
import { constants, open, readFile, rm, writeFile } from 'node:fs/promises';
import { findProcesses, type HostProcess, isAlive, namespaceOf } from '../processes.ts';
import { ownerFile } from './plan-user-namespace.ts';

/** Has what `signNamespaces` returned, for the user alone. */
const proofFile = '/run/bakehouse-proof';

/** Whether this process is in namespaces that `makeNamespacesCommand` made for `owner`, if it is one of ours. */
export async function isInNamespacesOf(
  { pid }: Pick<HostProcess, 'pid'>,
  owner: string,
): Promise<boolean> {
  return (await ownerOf(pid)) === owner;
}

/** A process in those namespaces, which have this proof; undefined when there is none that this process may look into. */
export async function findNamespaceMember(
  owner: string,
  proof: string,
): Promise<HostProcess | undefined> {
  for (const process of await findProcesses(() => true)) {
    if (!(await areNamespacesSigned(process, proof))) continue;
    // Its id may have been given to another process between these looks.
    if ((await isInNamespacesOf(process, owner)) && (await isAlive(process))) return process;
  }
  return undefined;
}

/**
 * What proves that a process is in the namespaces of this one, for `findNamespaceMember`: `known` where it does, or
 * something new. Containers of the same user imitate it only when they can read it.
 */
export async function signNamespaces(known = '', file = proofFile): Promise<string> {
  const self = { pid: process.pid };
  if (await areNamespacesSigned(self, known, file)) return known;
  const proof = `${await namespacesOf(self)} ${randomBytes(32).toString('hex')}`;
  await rm(file, { force: true });
  await writeFile(file, proof, { mode: 0o600, flag: 'wx' });
  return proof;
}

/**
 * Whether a process is in the namespaces that have this proof. Their numbers alone do not say so, as Linux uses them again;
 * what is in /run alone does not, as a link there may lead to another's.
 */
export async function areNamespacesSigned(
  process: Pick<HostProcess, 'pid'>,
  proof: string,
  file = proofFile,
): Promise<boolean> {
  return (
    proof.startsWith(`${await namespacesOf(process)} `) && (await proofOf(process, file)) === proof
  );
}

async function namespacesOf({ pid }: Pick<HostProcess, 'pid'>): Promise<string> {
  return `${await namespaceOf(pid, 'user')} ${await namespaceOf(pid, 'mnt')}`;
}

/** Other users' processes cannot be looked into, and a jail has no /run. */
async function ownerOf(pid: number): Promise<string> {
  return await readFile(`/proc/${pid}/root${ownerFile}`, 'utf8').catch(() => '');
}

/** No link is followed, and nobody is waited for. */
async function proofOf({ pid }: Pick<HostProcess, 'pid'>, file: string): Promise<string> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const opening = open(`/proc/${pid}/root${file}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const handle = await opening.catch(() => undefined);
  try {
    return (await handle?.readFile('utf8').catch(() => '')) ?? '';
  } finally {
    await handle?.close();
  }
}
