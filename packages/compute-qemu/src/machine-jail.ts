import type { MachineSpec } from '@bakehouse/domain';
import { type Jail, type JailFolder, lendDevices } from '@bakehouse/host';
import type { Accelerator } from './accelerator.ts';
import { threadsMaxOf } from './machine-group.ts';

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
  const { devices, groups, takeBack } = await lendDevices(paths, { user, name: spec.instanceId });
  try {
    return await work({
      user,
      folders,
      devices,
      groups,
      // Without a card it needs no network.
      network: spec.nics.length === 0 ? 'none' : 'inherited',
      workingFolder: folder,
      threadsMax: threadsMaxOf(spec),
    });
  } finally {
    await takeBack();
  }
}
