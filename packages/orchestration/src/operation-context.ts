import type { IdSource, Logger, TimestampMs } from '@bakehouse/base';
import type {
  AccountId,
  MachineLook,
  MetadataReader,
  RegionName,
  RoomReporter,
} from '@bakehouse/domain';
import type { ControlTransaction, WorkflowEngine } from '@bakehouse/workflow-engine';
import type { PolicyApplier } from './network-policy/policy-applier.ts';
import type { Settings } from './settings.ts';

/** Who calls, and where. */
export interface CallScope {
  readonly accountId: AccountId;
  readonly region: RegionName;
}

/** What one request may see and do. Operations read, plan and commit; slow work is enqueued. */
export interface OperationContext extends CallScope {
  readonly requestId: string;
  /** The time of the request: one for all of its records. */
  readonly now: TimestampMs;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly settings: Settings;
  read<Result>(work: (reader: MetadataReader) => Promise<Result>): Promise<Result>;
  write<Result>(work: (transaction: ControlTransaction) => Promise<Result>): Promise<Result>;
  /**
   * Resolves when workflows run, which at a start they do last. For operations whose replies wait for a step; call it
   * before anything is recorded. Rejects with `Unavailable` when the start takes too long.
   */
  untilWorking(): Promise<void>;
  /** Waits for a workflow's step (see WorkflowEngine.reached), for replies that promise an instant. */
  reached: WorkflowEngine['reached'];
  /** Puts what was just committed of security groups into force. */
  readonly policy: Pick<PolicyApplier, 'apply'>;
  /** Read-only: destructive calls belong to workflows. */
  readonly machines: MachineLook;
  /** Absent where disks take no room. */
  readonly diskRoom?: RoomReporter;
}
