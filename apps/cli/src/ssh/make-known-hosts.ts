import { chmod, open } from 'node:fs/promises';

/** Makes the file where ssh remembers hosts, where it is not: ssh would let others read it, by the umask. */
export async function makeKnownHosts(path: string): Promise<void> {
  const file = await open(path, 'a', 0o600);
  await file.close();
  await chmod(path, 0o600);
}
