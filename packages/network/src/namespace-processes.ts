import { readdir, readlink } from 'node:fs/promises';

/** A process in the network namespace with this inode; undefined when there is none. */
export async function processInNamespace(inode: number | undefined): Promise<number | undefined> {
  if (inode === undefined) return undefined;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const place = await readlink(`/proc/${name}/ns/net`).catch(() => '');
    if (place === `net:[${inode}]`) return Number(name);
  }
  return undefined;
}
