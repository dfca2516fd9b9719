export type { AdminContext, AdminHandler, AdminHandlers } from './admin/admin-handler.ts';
export { adminHandlers } from './admin/registry.ts';
export { shownKinds } from './changes/shown-records.ts';
export type { Drivers, WorkflowContext } from './context.ts';
export {
  type ControlPlane,
  type ControlPlaneOptions,
  createControlPlane,
} from './control-plane.ts';
export {
  findUnnamed,
  type LeftoverDrivers,
  type Unnamed,
} from './leftovers/find-unnamed.ts';
export { type NamedRecords, readNamedRecords } from './leftovers/named-records.ts';
export type { CallScope, OperationContext } from './operation-context.ts';
export { createAccount, firstAccountId, platformAccountId } from './platform/accounts.ts';
export { createDefaultNetwork } from './platform/default-network.ts';
export { putSeed, SeedError, type SeedRecords, seedImages } from './platform/seed-images.ts';
export {
  type MeasuredRoom,
  measureRoom,
  noRoom,
  roomLeft,
} from './room/machine-room.ts';
export type { Settings } from './settings.ts';
export { simulatedReason } from './simulated-reason.ts';
export type { StartPart } from './startup.ts';
export { attachInterfaceWorkflow } from './workflows/attach-interface.ts';
export { attachVolumeWorkflow } from './workflows/attach-volume.ts';
export { createImageWorkflow } from './workflows/create-image.ts';
export { createNatGatewayWorkflow } from './workflows/create-nat-gateway.ts';
export { createSnapshotsWorkflow } from './workflows/create-snapshots.ts';
export { createVolumeWorkflow } from './workflows/create-volume.ts';
export { deleteFastLaunchWorkflow } from './workflows/delete-fast-launch.ts';
export { deleteNatGatewayWorkflow } from './workflows/delete-nat-gateway.ts';
export { deleteSnapshotWorkflow } from './workflows/delete-snapshot.ts';
export { deleteVolumeWorkflow } from './workflows/delete-volume.ts';
export { detachInterfaceWorkflow } from './workflows/detach-interface.ts';
export { detachVolumeWorkflow } from './workflows/detach-volume.ts';
export { enqueueEnd } from './workflows/end-instance.ts';
export { forkAt } from './workflows/fork-instance.ts';
export { enqueueFreeze } from './workflows/freeze-snapshots.ts';
export { instanceMetadata } from './workflows/instance-metadata.ts';
export { readInstanceNetwork } from './workflows/instance-network.ts';
export { makeFastLaunchWorkflow } from './workflows/make-fast-launch.ts';
export { modifyVolumeWorkflow } from './workflows/modify-volume.ts';
export { enqueuePrune } from './workflows/prune-blocks.ts';
export { published, publishMetadataWorkflow } from './workflows/publish-metadata.ts';
export { rebootInstanceWorkflow } from './workflows/reboot-instance.ts';
export { startInstanceWorkflow } from './workflows/start-instance.ts';
export { type HostResource, hostResources, widthsFor } from './workflows/widths.ts';
