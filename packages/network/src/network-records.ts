import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NetworkPolicy, Nic } from '@bakehouse/domain';
import type { NetworkNames } from './network-names.ts';

export const emptyPolicy: NetworkPolicy = { nics: [], groups: [] };

/** What was asked of the network, kept so that a later process can make it again. */
export interface NetworkRecords {
  /** Makes the folder; removes what interrupted writes left. Only for who writes the records. */
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
      const halves = await filesEnding(names.nicDirectory, '.new');
      await Promise.all(halves.map((file) => rm(join(names.nicDirectory, file), { force: true })));
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
  const files = await readdir(directory).catch(() => []);
  return files.filter((file) => file.endsWith(ending));
}

/** Undefined when there is no such file, or a power cut left half of it: it is then asked for again. */
export async function readJson<Content>(path: string): Promise<Content | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all for whoever reads while this process lives or is killed. */
export async function writeJson(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  await writeFile(temporary, JSON.stringify(content), { mode: 0o600 });
  await rename(temporary, path);
}
