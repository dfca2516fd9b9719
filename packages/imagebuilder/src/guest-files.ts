import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the guest, by its path from the guest's root. */
export interface GuestFile {
  readonly path: string;
  readonly mode: 0o644 | 0o755;
  readonly contents: Uint8Array;
}

const guestDirectory = fileURLToPath(new URL('../guest', import.meta.url));

/** The last step of mmdebstrap. */
export const customizeScript = join(guestDirectory, 'customize.sh');

/** The files of the package `bakehouse-linux`, as they are in `guest/rootfs`. */
export function readGuestFiles(): Promise<GuestFile[]> {
  return readTree(join(guestDirectory, 'rootfs'));
}

/** Modes are those of Git (executable or not), independent of the umask of the checkout. */
async function readTree(root: string): Promise<GuestFile[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files: GuestFile[] = [];
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const { mode } = await stat(path);
    files.push({
      path: relative(root, path),
      mode: (mode & 0o100) === 0 ? 0o644 : 0o755,
      contents: await readFile(path),
    });
  }
  return files;
}
