import { chmod, lstat, mkdir } from 'node:fs/promises';

/**
 * A folder that only this user can enter: whoever reaches the sockets in it can read disks and command
 * QEMU. Refuses one that belongs to somebody else or is a link, as could be laid out under /tmp.
 */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new Error(`${path} is not a folder of this user; remove it or choose another`);
  }
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
}
