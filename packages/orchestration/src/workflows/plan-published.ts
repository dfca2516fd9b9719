import { GiB, type IdSource, type TimestampMs } from '@bakehouse/base';
import {
  type BakedContent,
  type Image,
  noVolumeId,
  planImage,
  planSnapshot,
  type RegionName,
  type Snapshot,
  type WorkflowId,
} from '@bakehouse/domain';
import type { Settings } from '../settings.ts';

/** Room for a user's packages; the root filesystem grows to it at first boot. */
const rootVolumeGiB = 8;

interface Publication {
  readonly ids: IdSource;
  readonly settings: Pick<Settings, 'platformAccountId'>;
  readonly now: TimestampMs;
  /** The bake. */
  readonly workflowId: WorkflowId;
}

/** The pending snapshot of a baked disk: it holds the map while the blocks are being stored. */
export function planBakedSnapshot(
  { settings, now, workflowId }: Omit<Publication, 'ids'>,
  content: BakedContent,
  region: RegionName,
): Snapshot {
  const { disk, snapshotId, mapId } = content;
  return planSnapshot({
    id: snapshotId,
    ownerId: settings.platformAccountId,
    region,
    tags: {},
    createdAt: now,
    mapId,
    origin: { kind: 'bake', workflowId },
    volume: { id: noVolumeId, sizeGiB: Math.ceil(disk.sizeBytes / GiB) },
    description: `Created by bake for ${disk.name}`,
  });
}

/** The public image of a baked disk in the region of its snapshot. */
export function planBakedImage(
  { ids, settings, now }: Omit<Publication, 'workflowId'>,
  { disk }: BakedContent,
  snapshot: Snapshot,
): Image {
  return planImage({
    id: ids.resource('ami'),
    ownerId: settings.platformAccountId,
    region: snapshot.region,
    tags: disk.tags,
    createdAt: now,
    name: disk.name,
    description: disk.description,
    architecture: disk.architecture,
    platformDetails: 'Linux/UNIX',
    rootDeviceType: 'ebs',
    rootDeviceName: disk.rootDeviceName,
    virtualizationType: 'hvm',
    enaSupport: true,
    imdsSupport: 'v2.0',
    bootMode: 'legacy-bios',
    blockDevices: [
      {
        deviceName: disk.rootDeviceName,
        ebs: {
          snapshotId: snapshot.id,
          sizeGiB: Math.max(rootVolumeGiB, snapshot.sizeGiB),
          volumeType: 'gp3',
          deleteOnTermination: true,
        },
      },
    ],
    launchPermissions: { everyone: true, accountIds: [] },
  });
}
