import type { TimestampMs } from '@bakehouse/base';
import type { HostId, RegionName, WorkflowId } from './common.ts';

/** `running`: its steps are being done. `unwinding`: one failed, and they are being undone, last first. */
export type WorkflowState = 'running' | 'unwinding';

/** Why a step failed. Programs decide by the code; the message is for people. */
export interface Failure {
  /** For example `BlockStoreUnreachable`; `InternalError` for what nobody foresaw. */
  readonly code: string;
  readonly message: string;
}

/** Why a workflow is left alone until an operator, or another version of the program, takes it up. */
export interface Parked extends Failure {
  readonly since: TimestampMs;
}

/**
 * Work in progress. The row is deleted in the transaction that ends the work. It names everything by words that the
 * next version of the program can look up: docs/workflows.md.
 */
export interface Workflow {
  readonly id: WorkflowId;
  readonly region: RegionName;
  readonly kind: string;
  /** Of the kind's definition: which steps there are, and what the input looks like. */
  readonly version: number;
  /** The resources it works on. Workflows that share a lane run one after the other, by `sequence`. */
  readonly lanes: readonly string[];
  readonly sequence: number;
  /** The host whose drivers the work needs. Missing: any server can do it. */
  readonly hostId?: HostId;
  readonly input: Readonly<Record<string, unknown>>;
  readonly state: WorkflowState;
  /** The step to do next; while unwinding, the step to undo next. */
  readonly step: string;
  /** How often `step` has failed, by the failure's code; only what a limit depends on. */
  readonly retries?: Readonly<Record<string, number>>;
  /** Why it is being undone. */
  readonly failure?: Failure;
  readonly parked?: Parked;
  /** The server that runs it, and the epoch of that server's lease: no other may write the row. */
  readonly owner: string;
  readonly epoch: number;
  readonly createdAt: TimestampMs;
}
