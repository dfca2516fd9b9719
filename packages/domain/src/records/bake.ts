import type { TimestampMs } from '@bakehouse/base';
import type { BakedDisk } from '../ports/image-builder.ts';
import type { BakeId, BlockMapId, ImageId, RegionName, SnapshotId, WorkflowId } from './common.ts';
import type { Failure } from './workflow.ts';

export type BakeState = 'in-progress' | 'completed' | 'failed' | 'cancelled';

/** A finished disk while its blocks are being stored. */
export interface BakedContent {
  readonly disk: BakedDisk;
  /** The pending snapshot that holds the map. */
  readonly snapshotId: SnapshotId;
  readonly mapId: BlockMapId;
}

/** The making of an image from a recipe. It is remembered for some days after its end. */
export interface Bake {
  readonly id: BakeId;
  readonly recipe: string;
  readonly workflowId: WorkflowId;
  readonly state: BakeState;
  readonly startedAt: TimestampMs;
  readonly endedAt?: TimestampMs;
  /** Somebody asked for its end; it is `cancelled` when it has ended. */
  readonly isCancelling?: boolean;
  readonly content?: BakedContent;
  /** The name of the published image, and its ids; when `completed`. */
  readonly name?: string;
  readonly images?: readonly { readonly region: RegionName; readonly imageId: ImageId }[];
  /** When `failed`. */
  readonly failure?: Failure;
}
