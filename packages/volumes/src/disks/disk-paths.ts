import { join } from 'node:path';
import { isResourceId } from '@bakehouse/base';
import type { InstanceId, SnapshotId, VolumeId } from '@bakehouse/domain';

/** Every name that may exist in the volumes folder. */
export interface DiskPaths {
  readonly directory: string;
  folder(volumeId: VolumeId): string;
  /** The overlay. */
  disk(volumeId: VolumeId): string;
  /** What is behind the overlay: see disk-record.ts. */
  record(volumeId: VolumeId): string;
  /** Blocks that were overwritten since a freeze. */
  fleece(volumeId: VolumeId, snapshotId: SnapshotId): string;
  /** A folder that is being made (`new`) or removed (`old`). */
  temporary(volumeId: VolumeId, purpose: 'new' | 'old'): string;
  /** Machines' links to the files of their disks: see machine-door.ts. */
  readonly doors: string;
  door(instanceId: InstanceId): string;
  /** A link that is tried once: see hand-hot-file.ts. */
  readonly hotTrial: string;
}

export function diskPaths(directory: string): DiskPaths {
  const folder = (volumeId: VolumeId) => join(directory, checkedId(volumeId));
  // On the file system of the disks, as hard links cannot leave one.
  const doors = join(directory, '.machines');
  return {
    directory,
    folder,
    disk: (volumeId) => join(folder(volumeId), 'disk.qcow2'),
    record: (volumeId) => join(folder(volumeId), 'disk.json'),
    fleece: (volumeId, snapshotId) => join(folder(volumeId), fleeceFileName(snapshotId)),
    doors,
    door(instanceId) {
      if (!isResourceId('i', instanceId)) {
        throw new RangeError(`'${instanceId}' is not an instance id`);
      }
      return join(doors, instanceId);
    },
    hotTrial: join(directory, '.hot-trial'),
    temporary: (volumeId, purpose) => join(directory, `.${purpose}-${checkedId(volumeId)}`),
  };
}

function fleeceFileName(snapshotId: SnapshotId): string {
  return `fleece-${snapshotId}.qcow2`;
}

/** The snapshot whose fleece file has this name. */
export function snapshotOfFleece(fileName: string): SnapshotId | undefined {
  const id = /^fleece-(.+)\.qcow2$/.exec(fileName)?.[1];
  return id !== undefined && isResourceId('snap', id) ? id : undefined;
}

/** The volume whose temporary folder has this name. */
export function volumeOfTemporary(fileName: string): VolumeId | undefined {
  const id = /^\.(?:new|old)-(.+)$/.exec(fileName)?.[1];
  return id !== undefined && isResourceId('vol', id) ? id : undefined;
}

/** Ids become paths and node names: nothing but an id may get there. */
function checkedId(volumeId: VolumeId): VolumeId {
  if (!isResourceId('vol', volumeId)) throw new RangeError(`'${volumeId}' is not a volume id`);
  return volumeId;
}
