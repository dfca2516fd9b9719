import type { Clock, IdSource, Logger, TimestampMs } from '@bakehouse/base';
import type {
  AccountId,
  Compute,
  ImageBuilder,
  MetadataPublisher,
  MetadataReader,
  MetadataStore,
  Network,
  RegionName,
  RoomReporter,
  SnapshotStore,
  VolumeDisks,
  VolumeFreezer,
} from '@bakehouse/domain';
import type { PolicyApplier } from './network/policy-applier.ts';
import type { Hydrator } from './reconcilers/hydrator.ts';
import type { Settings } from './settings.ts';
import type { WorkflowEngine } from './workflow/engine.ts';
import type { ControlTransaction } from './workflow/transaction.ts';

/** Everything outside the control plane that workflows and reconcilers act on. */
export interface Powers {
  readonly compute: Compute;
  readonly network: Network;
  readonly publisher: MetadataPublisher;
  readonly snapshots: SnapshotStore;
  readonly volumes: VolumeDisks & VolumeFreezer;
  readonly builder: ImageBuilder;
  /** Absent where disks take no room. */
  readonly room?: RoomReporter;
}

/** What a workflow's steps work with. */
export interface WorkflowContext extends Powers {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly metadata: MetadataStore;
  readonly settings: Settings;
  readonly engine: WorkflowEngine;
  readonly policy: PolicyApplier;
  readonly hydrator: Pick<Hydrator, 'wake'>;
}

/** What one request may see and do. Operations read, plan and commit; slow work is enqueued. */
export interface OperationContext {
  readonly requestId: string;
  readonly accountId: AccountId;
  readonly region: RegionName;
  /** The time of the request: one for all of its records. */
  readonly now: TimestampMs;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly settings: Settings;
  read<Result>(work: (reader: MetadataReader) => Promise<Result>): Promise<Result>;
  write<Result>(work: (transaction: ControlTransaction) => Promise<Result>): Promise<Result>;
  /** Waits for a workflow's step (see WorkflowEngine.reached), for answers that promise an instant. */
  reached: WorkflowEngine['reached'];
  /** Brings security groups and metadata of running guests in line with what was just committed. */
  readonly policy: PolicyApplier;
  /** Read-only looks at running machines, and the stores' own reports. */
  readonly powers: Pick<Powers, 'compute' | 'snapshots' | 'volumes' | 'room'>;
}
