import { basename } from 'node:path';
import { MiB } from '@bakehouse/base';
import { type MachineSpec, vcpusOf } from '@bakehouse/domain';
import { type ControlGroups, statIfExists } from '@bakehouse/host';

/** Beyond what a machine claims: the rest of its jail, and what the kernel counts for it. */
const slackBytes = 128 * MiB;
/** QEMU's own threads beside those of processors: its pool for disks has at most 64 for each of a few contexts. */
const ownThreadsMax = 512;
const weightOfProcessor = 100;
const weightMax = 10_000;

export const threadsMaxOf = ({ cpus }: Pick<MachineSpec, 'cpus'>): number =>
  ownThreadsMax + vcpusOf(cpus);

/** The control group of the machine in this folder; no two machines of a host have the same user. */
async function groupName(folder: string): Promise<string> {
  const found = await statIfExists(folder);
  return `bakehouse-${found?.gid ?? 0}-${basename(folder)}`;
}

/** The argv prefix that runs a program within the limits of the machine. */
export async function enterMachineGroup(
  groups: ControlGroups,
  folder: string,
  { spec, claimBytes }: { readonly spec: MachineSpec; readonly claimBytes: number },
): Promise<readonly string[]> {
  return await groups.make(await groupName(folder), {
    memoryBytes: claimBytes + slackBytes,
    // bubblewrap and the programs that become the jail.
    threadsMax: threadsMaxOf(spec) + 8,
    weight: Math.min(weightMax, weightOfProcessor * vcpusOf(spec.cpus)),
  });
}

/** Removes the group of a machine that has ended. Returns whether the machine ran out of memory. */
export async function endMachineGroup(groups: ControlGroups, folder: string): Promise<boolean> {
  const name = await groupName(folder);
  const ranOut = await groups.ranOutOfMemory(name);
  await groups.remove(name);
  return ranOut;
}
