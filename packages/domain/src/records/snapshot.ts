import type { TimestampMs } from '@bakehouse/base';
import type {
  BlockMapId,
  Resource,
  Shareable,
  SharedWith,
  SnapshotId,
  VolumeId,
} from './common.ts';

export type SnapshotState = 'pending' | 'completed' | 'error';

export interface Snapshot extends Resource<SnapshotId>, Shareable {
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
   * `fixed` once the content of its instant is held. `refused`: the caller was told that it came too late, so the
   * work drops it. Neither: its instant is still to come.
   */
  readonly instant?: 'fixed' | 'refused';
  readonly encrypted: boolean;
  /** The blocks. Chosen before the capture starts, so that prune never takes a map in the making. */
  readonly mapId: BlockMapId;
  /** Bytes in the blocks that this snapshot's map names, before compression. */
  readonly fullSizeBytes?: number;
  readonly createVolumePermissions: SharedWith;
}
