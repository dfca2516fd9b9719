import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type {
  NetworkPolicy,
  Nic,
  PolicyGroup,
  PolicyNic,
  VpcId,
  VpcTopology,
} from '@bakehouse/domain';
import { readFolderIfExists, readTextIfExists } from '@bakehouse/host';
import type { NetworkNames } from './network-names.ts';

/** A NIC with its guest's number, which `guestAddress` takes: the same for all NICs of an instance. */
export interface PluggedNic extends Nic {
  readonly guestNumber: number;
}

/** What the network was asked for, kept so a later process can make it again. A file for each thing. */
export interface NetworkRecords {
  /** Creates the folders and removes what interrupted writes left. Only for the process that writes the records. */
  prepare(): Promise<void>;
  load(): Promise<RecordedNetwork>;
  saveNic(nic: PluggedNic): Promise<void>;
  removeNic(nicId: string): Promise<void>;
  /** The number of a VPC's link. */
  saveVpcNumber(vpcId: VpcId, number: number): Promise<void>;
  removeVpcNumber(vpcId: VpcId): Promise<void>;
  savePolicyNic(nicId: string, nic: PolicyNic | undefined): Promise<void>;
  savePolicyGroup(groupId: string, group: PolicyGroup | undefined): Promise<void>;
  savePolicyVpc(vpcId: string, vpc: VpcTopology | undefined): Promise<void>;
  clear(): Promise<void>;
}

interface RecordedNetwork {
  readonly nics: Map<string, PluggedNic>;
  readonly vpcNumbers: Map<VpcId, number>;
  readonly policy: NetworkPolicy;
}

interface VpcNumber {
  readonly vpcId: VpcId;
  readonly number: number;
}

export function networkRecords(names: NetworkNames): NetworkRecords {
  const { nicDirectory, vpcDirectory, policyDirectory } = names;
  const kinds = {
    nics: join(policyDirectory, 'nics'),
    groups: join(policyDirectory, 'groups'),
    vpcs: join(policyDirectory, 'vpcs'),
  };
  const folders = [nicDirectory, vpcDirectory, ...Object.values(kinds)];
  const fileIn = (folder: string, id: string) => join(folder, `${id}.json`);
  const put = (folder: string, id: string, content: unknown) =>
    content === undefined
      ? rm(fileIn(folder, id), { force: true })
      : writeJson(fileIn(folder, id), content);

  return {
    async prepare() {
      for (const folder of folders) {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const unfinished = await filesEnding(folder, '.new');
        await Promise.all(unfinished.map((file) => rm(join(folder, file), { force: true })));
      }
      await rm(names.earlierPolicyFile, { force: true });
    },
    async load() {
      const nics = (await readFolder<PluggedNic>(nicDirectory)).filter(isComplete);
      const numbers = await readFolder<VpcNumber>(vpcDirectory);
      return {
        nics: new Map(nics.map((nic) => [nic.nicId, nic])),
        vpcNumbers: new Map(numbers.map(({ vpcId, number }) => [vpcId, number])),
        policy: {
          nics: await readFolder<PolicyNic>(kinds.nics),
          groups: await readFolder<PolicyGroup>(kinds.groups),
          vpcs: await readFolder<VpcTopology>(kinds.vpcs),
        },
      };
    },
    saveNic: (nic) => put(nicDirectory, nic.nicId, nic),
    removeNic: (nicId) => put(nicDirectory, nicId, undefined),
    saveVpcNumber: (vpcId, number) => put(vpcDirectory, vpcId, { vpcId, number }),
    removeVpcNumber: (vpcId) => put(vpcDirectory, vpcId, undefined),
    savePolicyNic: (nicId, nic) => put(kinds.nics, nicId, nic),
    savePolicyGroup: (groupId, group) => put(kinds.groups, groupId, group),
    savePolicyVpc: (vpcId, vpc) => put(kinds.vpcs, vpcId, vpc),
    async clear() {
      for (const folder of [nicDirectory, vpcDirectory, policyDirectory]) {
        await rm(folder, { recursive: true, force: true });
      }
      await rm(names.earlierPolicyFile, { force: true });
    },
  };
}

/** The release before did not record a NIC's VPC. Such a NIC is plugged again by the control plane. */
function isComplete({ vpcId, guestNumber }: Partial<PluggedNic>): boolean {
  return vpcId !== undefined && guestNumber !== undefined;
}

async function readFolder<Content>(folder: string): Promise<Content[]> {
  const files = await filesEnding(folder, '.json');
  const found = await Promise.all(files.map((file) => readJson<Content>(join(folder, file))));
  return found.flatMap((content) => (content === undefined ? [] : [content]));
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
