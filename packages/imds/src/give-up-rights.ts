import { execFile } from 'node:child_process';
import { readdir, readlink, rm, writeFile } from 'node:fs/promises';

const timeoutMs = 20_000;
/** In the present folder, the one place that can still be reached when all is hidden. */
const mountsFile = 'mounts.new';

/**
 * Covers every folder of the root with an empty one, for this process alone: what it has open, and its present
 * folder, stay. Throws when its mounts are the host's, as named by who started it: the host would see nothing either.
 */
export async function hideHostFiles(hostMounts: string): Promise<void> {
  const own = await readlink('/proc/self/ns/mnt');
  if (own === hostMounts) throw new Error('it was started without mounts of its own');
  const entries = await readdir('/', { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => `/${name}`);
  // `mount` looks at /proc for each.
  const last = folders.filter((folder) => folder !== '/proc').concat('/proc');
  const lines = last.map(
    (folder) => `nothing ${folder.replaceAll(' ', '\\040')} tmpfs ro,size=4k,mode=0755 0 0\n`,
  );
  await writeFile(mountsFile, lines.join(''), { mode: 0o600 });
  try {
    await mountAll(mountsFile);
  } finally {
    await rm(mountsFile, { force: true });
  }
}

function mountAll(file: string): Promise<void> {
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`;
  const env = { PATH: path, LC_ALL: 'C' };
  const options = { timeout: timeoutMs, killSignal: 'SIGKILL', env } as const;
  return new Promise((resolve, reject) => {
    execFile('mount', ['-a', '-T', file], options, (error, _stdout, stderr) => {
      if (error === null) return resolve();
      reject(new Error(`mount: ${stderr.trim() || error.message}`, { cause: error }));
    });
  });
}

/** Root becomes this user and group, for good. Throws when something of root is left. */
export function becomeUser(id: number): void {
  process.setgroups?.([]);
  process.setgid?.(id);
  process.setuid?.(id);
  const left = [process.getuid, process.geteuid, process.getgid, process.getegid];
  if (left.some((get) => get?.() !== id)) throw new Error(`root's rights could not be given up`);
}
