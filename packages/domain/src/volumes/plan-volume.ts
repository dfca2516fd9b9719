import type { Placed, Resource, VolumeId, ZoneName } from '../records/common.ts';
import { definedMembers } from '../records/defined-members.ts';
import type { Snapshot } from '../records/snapshot.ts';
import type { Volume, VolumeAttachment, VolumeShape } from '../records/volume.ts';
import { beginInitialization } from './volume-initialization.ts';
import { settledShape } from './volume-shape.ts';

export interface VolumeDraft extends Resource<VolumeId>, Placed {
  readonly zone: ZoneName;
  readonly shape: VolumeShape;
  /** What the volume starts from; empty without one. */
  readonly snapshot: Pick<Snapshot, 'id' | 'mapId'> | undefined;
  /** VolumeInitializationRate. */
  readonly rateMiBps: number | undefined;
  /** The launch that makes the volume for its instance. */
  readonly attachment?: Pick<VolumeAttachment, 'instanceId' | 'deviceName' | 'deleteOnTermination'>;
}

/** A new volume: `creating`, or `in-use` by the instance that is launched with it. */
export function planVolume(draft: VolumeDraft): Volume {
  const { shape, snapshot, rateMiBps, attachment, ...common } = draft;
  const optional = {
    snapshotId: snapshot?.id,
    originMapId: snapshot?.mapId,
    initialization:
      rateMiBps === undefined ? undefined : beginInitialization(common.createdAt, rateMiBps),
    attachment: attachment && {
      ...attachment,
      state: 'attached' as const,
      attachedAt: common.createdAt,
    },
  };
  return {
    ...common,
    state: attachment ? 'in-use' : 'creating',
    ...settledShape(shape),
    multiAttachEnabled: false,
    autoEnableIo: false,
    ...definedMembers(optional),
  };
}
