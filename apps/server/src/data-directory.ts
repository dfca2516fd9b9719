import { createHash } from 'node:crypto';
import { chmod, mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@bakehouse/base';
import { exists, readTextIfExists, statIfExists } from '@bakehouse/host';
import { type Config, UsageError } from './config.ts';

/** Raised when the layout changes; see docs/formats/data-directory.md. */
export const dataLayoutVersion = 1;

/** Every name in the data folder that the server itself owns. */
export interface DataDirectory {
  readonly root: string;
  /**
   * For Unix sockets, whose paths have at most 107 bytes, so it is short. Emptied when the host boots. Created by
   * who has sockets; simulated platforms have none.
   */
  readonly runtime: string;
  /** Distinguishes this platform's namespaces and interfaces from those of another on the same host. */
  readonly shortName: string;
  /** Says which process serves the folder. */
  readonly lock: string;
  /** Locked by the process that serves the folder. Nothing else opens it, since that would release the lock. */
  readonly lockDatabase: string;
  /** A file for each server of a shared database that uses the folder, named by its process id. */
  readonly servers: string;
  /** Without root: what proves that a process is in the platform's namespaces. */
  readonly namespaces: string;
  readonly metadata: string;
  /** Names the database that has the records, where they are not in the folder. */
  readonly recordsPlace: string;
  /** What the records know the folder by; its host is named after it. */
  readonly folderId: string;
  readonly blocks: string;
  readonly volumes: string;
  /** Maps as local files, which volumes read in place of the block store. */
  readonly hotMaps: string;
  readonly instances: string;
  readonly network: string;
  readonly guestMetadata: string;
  readonly builds: string;
  readonly credentials: string;
  /** Encrypts the values of SecureStrings. */
  readonly parameterKey: string;
  /** Makes the names by which guests' QEMUs read the maps behind their disks. */
  readonly exportKey: string;
  readonly logs: string;
  /** Files that hold room for a start on a full disk. */
  readonly reserve: string;
  /** Where a running server says how it is reached. */
  readonly endpoint: string;
}

/** The real path of the data folder distinguishes the platforms of a host. */
const hashOf = (root: string) => createHash('sha256').update(root).digest('hex').slice(0, 6);

/** Names the platform's namespace, link and tables, whether or not its folder exists yet. */
export const shortNameOf = (root: string) => `bh${hashOf(root)}`;

function namesOf(root: string, runtimeParent: string): DataDirectory {
  return {
    root,
    runtime: join(runtimeParent, `bakehouse-${hashOf(root)}`),
    shortName: shortNameOf(root),
    lock: join(root, 'lock'),
    lockDatabase: join(root, 'lock.sqlite'),
    servers: join(root, 'servers'),
    namespaces: join(root, 'namespaces'),
    metadata: join(root, 'metadata.sqlite'),
    recordsPlace: join(root, 'records-place'),
    folderId: join(root, 'folder-id'),
    blocks: join(root, 'blocks'),
    volumes: join(root, 'volumes'),
    hotMaps: join(root, 'hot-maps'),
    instances: join(root, 'instances'),
    network: join(root, 'network'),
    guestMetadata: join(root, 'guest-metadata'),
    builds: join(root, 'builds'),
    credentials: join(root, 'credentials'),
    parameterKey: join(root, 'parameter-key'),
    exportKey: join(root, 'export-key'),
    logs: join(root, 'logs'),
    reserve: join(root, 'reserve'),
    endpoint: join(root, 'endpoint.json'),
  };
}

const versionPath = (root: string) => join(root, 'version');

/** False when the folder has none yet. */
async function hasVersion(root: string): Promise<boolean> {
  const text = await readTextIfExists(versionPath(root));
  if (text === undefined) return false;
  if (Number(text) === dataLayoutVersion) return true;
  throw new UsageError(
    `${root} has layout ${text.trim()}, and this version knows ${dataLayoutVersion}; use the version that made it, or another --data folder`,
  );
}

type Place = Pick<Config, 'dataDirectory' | 'runtimeParent'>;

/** The names in the folder, whether or not it exists. */
export async function nameDataDirectory({
  dataDirectory: path,
  runtimeParent,
}: Place): Promise<DataDirectory> {
  return namesOf(await realpath(path).catch(() => path), runtimeParent);
}

/** Whether a server has made the folder a data folder, of any version. */
export const isDataDirectory = (root: string): Promise<boolean> => exists(versionPath(root));

/** The folder as a server has left it. Nothing is made there. */
export async function findDataDirectory(place: Place): Promise<DataDirectory> {
  const path = place.dataDirectory;
  const names = await nameDataDirectory(place);
  if (await hasVersion(names.root)) return names;
  throw new UsageError(`${path} is not a data folder of bakehouse; name the right one by --data`);
}

/** Of a folder that another user's server has made, root could read all and leave files that this user cannot. */
async function refuseOthersFolder(root: string): Promise<void> {
  const own = process.getuid?.() ?? 0;
  const owner = (await statIfExists(versionPath(root)))?.uid ?? own;
  if (owner === own) return;
  throw new UsageError(
    `${root} is a data folder of user ${owner}, and this process is user ${own}: start it as user ${owner} (without sudo), or name another folder by --data`,
  );
}

/** Creates the folder and its parts where they are missing, closed to other users. */
export async function openDataDirectory({
  dataDirectory: path,
  runtimeParent,
}: Place): Promise<DataDirectory> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  } catch (cause) {
    const message = `${path} cannot be the data folder (${messageOf(cause)}); name another by --data`;
    throw new UsageError(message, { cause });
  }
  const names = namesOf(await realpath(path), runtimeParent);
  await refuseOthersFolder(names.root);
  if (!(await hasVersion(names.root))) {
    await writeFile(versionPath(names.root), `${dataLayoutVersion}\n`, { mode: 0o600 });
  }
  const folders = [names.blocks, names.volumes, names.instances, names.network];
  for (const folder of [...folders, names.guestMetadata, names.builds, names.logs]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  return names;
}
