export type { OperationContext, Powers, WorkflowContext } from './context.ts';
export { dispatch } from './dispatch.ts';
export type { Operation, OperationName, OperationTable } from './operation.ts';
export { operations } from './operations/registry.ts';
export type { Settings } from './settings.ts';
export { createWorkflowEngine, type WorkflowEngine } from './workflow/engine.ts';
