export type { AdminContext, AdminOperation } from './admin/admin-operation.ts';
export { adminOperations } from './admin/registry.ts';
export type { OperationContext, Powers, WorkflowContext } from './context.ts';
export { dispatch } from './dispatch.ts';
export { createPolicyApplier, type PolicyApplier } from './network/policy-applier.ts';
export type { Operation, OperationName, OperationTable } from './operation.ts';
export { operations } from './operations/registry.ts';
export {
  createAccount,
  firstAccountId,
  newAccessKey,
  platformAccountId,
} from './platform/accounts.ts';
export { createRegionEnsurer, type RegionEnsurer } from './platform/ensure-region.ts';
export type { Settings } from './settings.ts';
export { createWorkflowEngine, type WorkflowEngine } from './workflow/engine.ts';
export { workflowDefinitions } from './workflows/index.ts';
