import type { TimestampMs } from '@bakehouse/base';
import type {
  BlockMapId,
  Encryption,
  ImageId,
  Resource,
  Shareable,
  SharedWith,
  SnapshotId,
  VolumeId,
  WorkflowId,
} from './common.ts';

export type SnapshotState = 'pending' | 'completed' | 'error';

/**
 * What makes the snapshot. It decides whether a pending one is still in progress when a server starts, so a new origin
 * needs a rule there (`reconcile-leftovers.ts`).
 */
export type SnapshotOrigin =
  | {
      /** Taken of its volume. */
      readonly kind: 'capture';
      /** The work that takes it, and completes or fails it. Absent only in records from before 2026-12. */
      readonly workflowId?: WorkflowId;
      /** The image that CreateImage took it for. */
      readonly imageId?: ImageId;
    }
  | {
      /** Stored of the disk that a recipe made. */
      readonly kind: 'bake';
      /** The bake. Absent only in records from before 2026-12. */
      readonly workflowId?: WorkflowId;
    }
  /** From a seed file: a record without bytes, complete from the beginning. */
  | { readonly kind: 'seed' };

export interface Snapshot extends Resource<SnapshotId>, Shareable {
  readonly origin: SnapshotOrigin;
  /** `vol-ffffffff` when it is of no volume. */
  readonly volumeId: VolumeId;
  readonly sizeGiB: number;
  readonly description: string;
  readonly state: SnapshotState;
  readonly stateMessage?: string;
  /** 0 to 100. */
  readonly progressPercent: number;
  readonly startedAt: TimestampMs;
  readonly completedAt?: TimestampMs;
  /**
   * `fixed` once the content of its instant is held. `refused`: the caller's request was refused as too late, so the
   * work drops it. Neither: its instant is still to come.
   */
  readonly instant?: 'fixed' | 'refused';
  /** What the description of a seeded snapshot says: a label, as nothing is encrypted here. */
  readonly encryption?: Encryption;
  /** The blocks. Chosen before the capture starts, so that prune never takes a map in the making. */
  readonly mapId: BlockMapId;
  /** Bytes in the blocks that this snapshot's map names, before compression. */
  readonly fullSizeBytes?: number;
  readonly createVolumePermissions: SharedWith;
}
