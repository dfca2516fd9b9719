export {
  type Action,
  type AnyWorkflowDefinition,
  type Commit,
  defineWorkflow,
  type PreparedAction,
  type PreparedStep,
  type WorkflowDefinition,
  type WorkflowStep,
  type WorkInProgress,
} from './definition.ts';
export {
  createWorkflowEngine,
  type WorkflowEngine,
  type WorkflowEngineOptions,
  WorkNotFoundError,
} from './engine.ts';
export { type FirstFormat, type FirstFormatRow, toCurrentFormat } from './first-format.ts';
export type { LaneWatcher } from './lane-watcher.ts';
export type { WorkItem } from './live-work.ts';
export { openRow, parkCodes } from './open-row.ts';
export { pauseMs, type RetryRule, untilDone } from './retry-rule.ts';
export { type FailureNamer, StepFailure } from './step-failure.ts';
export type { ControlTransaction } from './transaction.ts';
export type { Widths } from './widths.ts';
