import { type MachineSpec, vcpusOf } from '@bakehouse/domain';
import { type Jail, type JailFolder, lendDevices } from '@bakehouse/host';
import type { Accelerator } from './accelerator.ts';

/** QEMU's own threads beside those of processors: its pool for disks has at most 64 for each of a few contexts. */
const ownThreadsMax = 512;

export interface MachineJailOptions {
  readonly spec: MachineSpec;
  readonly folder: string;
  readonly user: number;
  readonly folders: readonly JailFolder[];
  readonly accelerator: Accelerator['accel'];
}

/** Calls `work` with the machine's jail, whose devices exist until `work` has ended. */
export async function withMachineJail<Result>(
  { spec, folder, user, folders, accelerator }: MachineJailOptions,
  work: (jail: Jail) => Promise<Result>,
): Promise<Result> {
  const paths = ['/dev/net/tun', ...(accelerator === 'kvm' ? ['/dev/kvm'] : [])];
  const { devices, takeBack } = await lendDevices(paths, { user, name: spec.instanceId });
  try {
    const threadsMax = ownThreadsMax + vcpusOf(spec.cpus);
    return await work({ user, folders, devices, workingFolder: folder, threadsMax });
  } finally {
    await takeBack();
  }
}
