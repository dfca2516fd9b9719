import { readdir, rm, writeFile } from 'node:fs/promises';
import { secondMs } from '@bakehouse/base';
import { namespaceOf, runCommand } from '@bakehouse/host';

const timeoutMs = 20 * secondMs;
/** In the present folder, the only place that can still be reached when everything is hidden. */
const mountsFile = 'mounts.new';

/**
 * Covers every folder of the root with an empty one, for this process alone. What it has open and its present folder
 * stay. Rejects when its mounts are those of the host, whose name is given: the host would lose its files, too.
 */
export async function hideHostFiles(hostMounts: string): Promise<void> {
  if ((await namespaceOf('self', 'mnt')) === hostMounts) {
    throw new Error('the agent was started without mounts of its own');
  }
  const entries = await readdir('/', { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => `/${name}`);
  // /proc comes last: `mount` reads it for each of the others.
  const ordered = folders.filter((folder) => folder !== '/proc').concat('/proc');
  const lines = ordered.map(
    (folder) => `nothing ${folder.replaceAll(' ', '\\040')} tmpfs ro,size=4k,mode=0755 0 0\n`,
  );
  await writeFile(mountsFile, lines.join(''), { mode: 0o600 });
  try {
    await runCommand(['mount', '-a', '-T', mountsFile], { timeoutMs });
  } finally {
    await rm(mountsFile, { force: true });
  }
}

/** Root becomes this user and group, for good. Throws when any right of root is left. */
export function becomeUser(id: number): void {
  process.setgroups?.([]);
  process.setgid?.(id);
  process.setuid?.(id);
  const left = [process.getuid, process.geteuid, process.getgid, process.getegid];
  if (left.some((get) => get?.() !== id)) {
    throw new Error(`the agent could not give up the rights of root to become user ${id}`);
  }
}
