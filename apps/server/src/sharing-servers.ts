import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type HostProcess,
  ownStamp,
  readFolderIfExists,
  readTextIfExists,
  stampedProcess,
} from '@bakehouse/host';
import type { DataDirectory } from './data-directory.ts';

type Names = Pick<DataDirectory, 'servers'>;

/**
 * Notes that this process uses the folder while another, or none, has its lock: as the standby of a shared database.
 * Until it is disposed of; the note of a process that was killed is removed by the next one.
 */
export async function noteServer({ servers }: Names): Promise<AsyncDisposable> {
  await mkdir(servers, { recursive: true, mode: 0o700 });
  for (const name of await readFolderIfExists(servers)) {
    const path = join(servers, name);
    if (!(await processNotedIn(path))) await rm(path, { force: true });
  }
  const own = join(servers, String(process.pid));
  // By a rename, as another server that starts now removes a note that is not whole.
  const unfinished = `${servers}-${process.pid}.new`;
  await writeFile(unfinished, await ownStamp(), { mode: 0o600 });
  await rename(unfinished, own);
  return { [Symbol.asyncDispose]: () => rm(own, { force: true }) };
}

async function processNotedIn(path: string): Promise<HostProcess | undefined> {
  const stamp = await readTextIfExists(path);
  return stamp === undefined ? undefined : await stampedProcess(stamp);
}

/** The servers of a shared database that use the folder, the active one included. */
export async function notedServers({ servers }: Names): Promise<readonly HostProcess[]> {
  const names = await readFolderIfExists(servers);
  const found = await Promise.all(names.map((name) => processNotedIn(join(servers, name))));
  return found.filter((each) => each !== undefined);
}
