import type { AnyWorkflowDefinition } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { attachInterfaceWorkflow } from './attach-interface.ts';
import { attachVolumeWorkflow } from './attach-volume.ts';
import { bakeImageWorkflow } from './bake-image.ts';
import { createImageWorkflow } from './create-image.ts';
import { createNatGatewayWorkflow } from './create-nat-gateway.ts';
import { createSnapshotsWorkflow } from './create-snapshots.ts';
import { createVolumeWorkflow } from './create-volume.ts';
import { deleteFastLaunchWorkflow } from './delete-fast-launch.ts';
import { deleteNatGatewayWorkflow } from './delete-nat-gateway.ts';
import { deleteSnapshotWorkflow } from './delete-snapshot.ts';
import { deleteVolumeWorkflow } from './delete-volume.ts';
import { detachInterfaceWorkflow } from './detach-interface.ts';
import { detachVolumeWorkflow } from './detach-volume.ts';
import { endInstanceWorkflow, haltMachineWorkflow } from './end-instance.ts';
import { forkInstanceWorkflow } from './fork-instance.ts';
import { freezeSnapshotsWorkflow } from './freeze-snapshots.ts';
import { machineExitedWorkflow } from './machine-exited.ts';
import { makeFastLaunchWorkflow } from './make-fast-launch.ts';
import { modifyVolumeWorkflow } from './modify-volume.ts';
import { pruneBlocksWorkflow } from './prune-blocks.ts';
import { publishMetadataWorkflow } from './publish-metadata.ts';
import { rebootInstanceWorkflow } from './reboot-instance.ts';
import { startInstanceWorkflow } from './start-instance.ts';

/** Every kind of work. Rows of other kinds are parked. */
export const workflowDefinitions: readonly AnyWorkflowDefinition<WorkflowContext>[] = [
  attachInterfaceWorkflow,
  attachVolumeWorkflow,
  bakeImageWorkflow,
  createImageWorkflow,
  createNatGatewayWorkflow,
  createSnapshotsWorkflow,
  createVolumeWorkflow,
  deleteFastLaunchWorkflow,
  deleteNatGatewayWorkflow,
  deleteSnapshotWorkflow,
  deleteVolumeWorkflow,
  detachInterfaceWorkflow,
  detachVolumeWorkflow,
  endInstanceWorkflow,
  forkInstanceWorkflow,
  freezeSnapshotsWorkflow,
  haltMachineWorkflow,
  machineExitedWorkflow,
  makeFastLaunchWorkflow,
  modifyVolumeWorkflow,
  pruneBlocksWorkflow,
  publishMetadataWorkflow,
  rebootInstanceWorkflow,
  startInstanceWorkflow,
];
