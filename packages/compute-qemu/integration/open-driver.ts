import { join } from 'node:path';
import { silentLogger, systemClock } from '@bakehouse/base';
import type { GuestRoomMeter } from '@bakehouse/domain';
import { findControlGroups, jailUsers } from '@bakehouse/host';
import {
  type ComputeLimits,
  createQemuCompute,
  machineFolder,
  type QemuCompute,
  releaseMachines,
} from '../src/index.ts';
import { machineDisksIn } from './machine-disks-in-folder.ts';

export interface BenchPlace {
  readonly folder: string;
  readonly namespace: string;
  /** Shell commands that run as root when all is ready for QEMU, in the folder of the bench. */
  readonly beforeQemu?: string | undefined;
}

const groups = await findControlGroups();

export const usersOf = ({ namespace }: BenchPlace) =>
  jailUsers({
    range: { first: 700_000, last: 700_999 },
    claims: `/run/bakehouse-test-users-${namespace}`,
  });

/** Removes what the host keeps of the machines in the folder, which have ended. */
export const releaseBench = (place: BenchPlace): Promise<void> =>
  releaseMachines(join(place.folder, 'instances'), { users: usersOf(place), groups });

/** A driver over qcow2 files `<volume id>.qcow2` in the folder. */
export function openDriver(
  place: BenchPlace,
  limits: Partial<ComputeLimits> = {},
  room: GuestRoomMeter = { look: async () => [] },
): QemuCompute {
  const directory = join(place.folder, 'instances');
  const users = usersOf(place);
  return createQemuCompute({
    directory,
    enter: () => [
      ...['ip', 'netns', 'exec', place.namespace],
      ...(place.beforeQemu ? ['sh', '-ec', `${place.beforeQemu}\nexec "$@"`, 'before'] : []),
    ],
    accelerator: 'tcg',
    reads: { ofVolumes: async () => [] },
    clock: systemClock,
    logger: silentLogger,
    disks: machineDisksIn(place.folder, (instanceId) =>
      users.of(machineFolder(directory, instanceId)),
    ),
    users,
    groups,
    room,
    limits: { memoryReserveBytes: 0, ...limits },
  });
}
