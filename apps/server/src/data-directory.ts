import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from './config.ts';

/** Raised when the layout changes; see docs/formats/data-directory.md. */
export const dataLayoutVersion = 1;

/** Every name in the data folder that the server itself owns. */
export interface DataDirectory {
  readonly root: string;
  /**
   * Short, for Unix sockets, whose paths have 107 bytes at most. Emptied by a reboot of the host. Made by who
   * has sockets: simulated platforms have none.
   */
  readonly runtime: string;
  /** Tells this platform's namespaces and interfaces from another's on the same host. */
  readonly shortName: string;
  /** Who has the folder, for those who ask. */
  readonly lock: string;
  /** Locked by who has the folder; opened by nothing else, since that would end the lock. */
  readonly lockDatabase: string;
  readonly metadata: string;
  readonly blocks: string;
  readonly volumes: string;
  readonly instances: string;
  readonly network: string;
  readonly guestMetadata: string;
  readonly builds: string;
  readonly credentials: string;
  readonly logs: string;
  /** Where a running server says how it is reached. */
  readonly endpoint: string;
}

/** What tells platforms apart on a host: their folders' real paths. */
const hashOf = (root: string) => createHash('sha256').update(root).digest('hex').slice(0, 6);

/** Names the platform's namespace, link and tables, whether or not its folder is made yet. */
export const shortNameOf = (root: string) => `bh${hashOf(root)}`;

function namesOf(root: string, runtimeParent: string): DataDirectory {
  return {
    root,
    runtime: join(runtimeParent, `bakehouse-${hashOf(root)}`),
    shortName: shortNameOf(root),
    lock: join(root, 'lock'),
    lockDatabase: join(root, 'lock.sqlite'),
    metadata: join(root, 'metadata.sqlite'),
    blocks: join(root, 'blocks'),
    volumes: join(root, 'volumes'),
    instances: join(root, 'instances'),
    network: join(root, 'network'),
    guestMetadata: join(root, 'guest-metadata'),
    builds: join(root, 'builds'),
    credentials: join(root, 'credentials'),
    logs: join(root, 'logs'),
    endpoint: join(root, 'endpoint.json'),
  };
}

const runtimeParent = () =>
  process.getuid?.() === 0 ? '/run' : (process.env.XDG_RUNTIME_DIR ?? '/tmp');

async function checkVersion(root: string): Promise<void> {
  const path = join(root, 'version');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return await writeFile(path, `${dataLayoutVersion}\n`, { mode: 0o600 });
  if (Number(text) === dataLayoutVersion) return;
  throw new UsageError(
    `${root} has layout ${text.trim()}, this version knows ${dataLayoutVersion}; use the version that made it, or another --data folder`,
  );
}

/** Makes the folder and its parts where they are missing, closed to others. */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    const message = `${path} cannot be the data folder (${words}); name another by --data`;
    throw new UsageError(message, { cause });
  }
  const names = namesOf(await realpath(path), runtimeParent());
  await checkVersion(names.root);
  const folders = [names.blocks, names.volumes, names.instances, names.network];
  for (const folder of [...folders, names.guestMetadata, names.builds, names.logs]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  return names;
}
