import type { GuestHolder, GuestRoom, InstanceId, MachineFile } from '@bakehouse/domain';
import { isBelowFloor } from './plan-room.ts';

/** What the files of machines took at a time. */
export type DiskUse = Awaited<ReturnType<GuestHolder['diskUse']>>;

/** A file of a machine, and how much it grew. */
interface Growth {
  readonly instanceId: InstanceId;
  readonly file: MachineFile;
  readonly bytes: number;
  /** Without what it grew while the platform copied into it. */
  readonly ownBytes: number;
}

/**
 * How much guests made the files of this room's device grow from the first sample to the last: pure. Of files that a
 * machine has in the last one, each for as long as it has it without a break: a volume that is attached or detached is
 * no growth. What a file grows while its volume is filled from its snapshot does not count either, as that ends well
 * above the reserve. A copy that has not ended at the floor counts all the same: otherwise a guest that writes to such a
 * volume could be stopped by nobody.
 */
export function guestGrowth(
  samples: readonly DiskUse[],
  room: GuestRoom,
): ReadonlyMap<InstanceId, number> {
  const countsCopies = isBelowFloor(room);
  const grown = new Map<InstanceId, number>();
  for (const { instanceId, file, bytes, ownBytes } of growthOfFiles(samples)) {
    if (file.device !== room.device) continue;
    const counted = countsCopies && file.isBeingFilled ? bytes : ownBytes;
    grown.set(instanceId, (grown.get(instanceId) ?? 0) + counted);
  }
  return grown;
}

function growthOfFiles(samples: readonly DiskUse[]): Iterable<Growth> {
  let growth: ReadonlyMap<string, Growth> = new Map();
  for (const use of samples) {
    const before = growth;
    const now = [...use].flatMap(([instanceId, files]) =>
      files.map((file) => {
        const key = `${instanceId} ${file.device} ${file.inode}`;
        return [key, grownSince(before.get(key), { instanceId, file })] as const;
      }),
    );
    growth = new Map(now);
  }
  return growth.values();
}

function grownSince(before: Growth | undefined, now: Pick<Growth, 'instanceId' | 'file'>): Growth {
  if (before === undefined) return { ...now, bytes: 0, ownBytes: 0 };
  const bytes = now.file.bytes - before.file.bytes;
  const isOwn = !(before.file.isBeingFilled || now.file.isBeingFilled);
  return {
    ...now,
    bytes: before.bytes + bytes,
    ownBytes: before.ownBytes + (isOwn ? bytes : 0),
  };
}
