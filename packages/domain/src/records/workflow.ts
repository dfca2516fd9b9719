import type { TimestampMs } from '@bakehouse/base';
import type { WorkflowId } from './common.ts';

export type WorkflowState = 'running' | 'unwinding';

/** Work in progress. The row is deleted in the transaction that ends the work. */
export interface Workflow {
  readonly id: WorkflowId;
  readonly region: string;
  readonly kind: string;
  /** The resources it works on. Workflows that share a lane run one after the other, by `sequence`. */
  readonly lanes: readonly string[];
  readonly sequence: number;
  readonly input: Readonly<Record<string, unknown>>;
  readonly state: WorkflowState;
  /** How many steps are done; while unwinding, how many are left to undo. */
  readonly cursor: number;
  readonly attempts: number;
  readonly failure?: string;
  readonly createdAt: TimestampMs;
}
