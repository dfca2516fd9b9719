import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NetworkPolicy, Nic } from '@bakehouse/domain';
import { readFolderIfExists, readTextIfExists } from '@bakehouse/host';
import type { NetworkNames } from './network-names.ts';

export const emptyPolicy: NetworkPolicy = { nics: [], groups: [] };

/** What the network was asked for, kept so a later process can make it again. */
export interface NetworkRecords {
  /** Creates the folder and removes what interrupted writes left. Only for the process that writes the records. */
  prepare(): Promise<void>;
  load(): Promise<{ nics: Map<string, Nic>; policy: NetworkPolicy }>;
  saveNic(nic: Nic): Promise<void>;
  removeNic(nicId: string): Promise<void>;
  savePolicy(policy: NetworkPolicy): Promise<void>;
  clear(): Promise<void>;
}

export function networkRecords(names: NetworkNames): NetworkRecords {
  const nicFile = (nicId: string) => join(names.nicDirectory, `${nicId}.json`);
  return {
    async prepare() {
      await mkdir(names.nicDirectory, { recursive: true, mode: 0o700 });
      const unfinished = await filesEnding(names.nicDirectory, '.new');
      await Promise.all(
        unfinished.map((file) => rm(join(names.nicDirectory, file), { force: true })),
      );
      await rm(`${names.policyFile}.new`, { force: true });
    },
    async load() {
      const files = await filesEnding(names.nicDirectory, '.json');
      const nics = await Promise.all(
        files.map((file) => readJson<Nic>(join(names.nicDirectory, file))),
      );
      const policy = await readJson<NetworkPolicy>(names.policyFile);
      return {
        nics: new Map(nics.flatMap((nic) => (nic === undefined ? [] : [[nic.nicId, nic]]))),
        policy: policy ?? emptyPolicy,
      };
    },
    saveNic: (nic) => writeJson(nicFile(nic.nicId), nic),
    removeNic: (nicId) => rm(nicFile(nicId), { force: true }),
    savePolicy: (policy) => writeJson(names.policyFile, policy),
    async clear() {
      await rm(names.nicDirectory, { recursive: true, force: true });
      await rm(names.policyFile, { force: true });
    },
  };
}

async function filesEnding(directory: string, ending: string): Promise<string[]> {
  const files = await readFolderIfExists(directory);
  return files.filter((file) => file.endsWith(ending));
}

/** Undefined when the file does not exist or a power cut left half of it. The control plane then asks again. */
export async function readJson<Content>(path: string): Promise<Content | undefined> {
  const text = await readTextIfExists(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whoever reads the file sees the old content or the new, also when this process is killed. */
export async function writeJson(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  await writeFile(temporary, JSON.stringify(content), { mode: 0o600 });
  await rename(temporary, path);
}
