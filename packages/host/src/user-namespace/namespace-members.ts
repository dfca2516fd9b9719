import { readFile } from 'node:fs/promises';
import { findProcesses, type HostProcess, namespaceOf } from '../processes.ts';
import { ownerFile } from './plan-user-namespace.ts';

/** Whether this process is in the namespaces that `makeNamespacesCommand` made for `owner`. */
export async function isInNamespacesOf(
  { pid }: Pick<HostProcess, 'pid'>,
  owner: string,
): Promise<boolean> {
  return (await ownerOf(pid)) === owner;
}

/** A process in those namespaces; undefined when there is none that this process may look into. */
export async function findNamespaceMember(owner: string): Promise<HostProcess | undefined> {
  const own = await namespaceOf('self', 'mnt');
  const processes = await findProcesses(() => true);
  for (const process of processes) {
    const mounts = await namespaceOf(process.pid, 'mnt');
    if (mounts === undefined || mounts === own) continue;
    if (await isInNamespacesOf(process, owner)) return process;
  }
  return undefined;
}

/** Other users' processes cannot be looked into, and a jail has no /run. */
async function ownerOf(pid: number): Promise<string> {
  return await readFile(`/proc/${pid}/root${ownerFile}`, 'utf8').catch(() => '');
}
