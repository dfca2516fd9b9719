import { GiB } from '@bakehouse/base';
import type { VolumeId } from '@bakehouse/domain';
import { type ControlGroups, statIfExists } from '@bakehouse/host';
import type { DiskPaths } from '../disks/disk-paths.ts';

interface ToolContext {
  readonly groups: () => Promise<Pick<ControlGroups, 'make' | 'remove'>>;
}

/** A tool, by what it works on: a disk that a daemon holds, or a file for as long as one command takes. */
interface ToolPlace {
  readonly user: number;
  readonly volumeId: string;
  readonly kind: 'daemon' | 'image';
}

/** Threads of a tool; QEMU's pool for files has at most 64 for each of a few contexts. */
export const toolThreadsMax = 256;
/** Caches of a few disks and all requests that an NBD server takes at once. */
const memoryBytes = GiB;
/** bubblewrap and the programs that become the jail. */
const jailThreads = 8;
const weight = 100;

/** No two volumes of a host have the same user. */
const groupName = ({ user, volumeId, kind }: ToolPlace) => `bakehouse-${user}-${volumeId}-${kind}`;

/** The argv prefix that runs a tool within its limits. */
export async function enterToolGroup(
  { groups }: ToolContext,
  place: ToolPlace,
): Promise<readonly string[]> {
  const limits = { memoryBytes, threadsMax: toolThreadsMax + jailThreads, weight };
  return await (await groups()).make(groupName(place), limits);
}

/** Removes the group of a tool that has ended. One that a killed server leaves is the next tool's, or goes with the disk. */
export async function endToolGroup({ groups }: ToolContext, place: ToolPlace): Promise<void> {
  await (await groups()).remove(groupName(place));
}

/** The same for tools of a volume, whose disk still has its folder. */
export async function endGroupsOfDisk(
  context: ToolContext & { readonly paths: DiskPaths },
  volumeId: VolumeId,
  kinds: readonly ToolPlace['kind'][] = ['daemon', 'image'],
): Promise<void> {
  const user = (await statIfExists(context.paths.folder(volumeId)))?.gid;
  if (!user) return;
  for (const kind of kinds) await endToolGroup(context, { user, volumeId, kind });
}
