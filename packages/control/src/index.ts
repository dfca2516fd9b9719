export type { AdminContext, AdminOperation } from './admin/admin-operation.ts';
export { adminOperations } from './admin/registry.ts';
export type { OperationContext, Powers } from './context.ts';
export {
  type ControlPlane,
  type ControlPlaneOptions,
  createControlPlane,
} from './control-plane.ts';
export { dispatch } from './dispatch.ts';
export type { Operation, OperationName, OperationTable } from './operation.ts';
export { operations } from './operations/registry.ts';
export { createAccount, firstAccountId, platformAccountId } from './platform/accounts.ts';
export { putSeed, SeedError, type SeedRecords, seedImages } from './platform/seed-images.ts';
export type { Settings } from './settings.ts';
