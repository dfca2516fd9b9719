import type { WorkflowContext } from '../context.ts';
import type { AnyWorkflowDefinition } from '../workflow/definition.ts';
import { attachVolume } from './attach-volume.ts';
import { createImage } from './create-image.ts';
import { createSnapshots } from './create-snapshots.ts';
import { createVolume } from './create-volume.ts';
import { deleteSnapshot } from './delete-snapshot.ts';
import { deleteVolume } from './delete-volume.ts';
import { detachVolume } from './detach-volume.ts';
import { endInstance, haltMachine } from './end-instance.ts';
import { machineExited } from './machine-exited.ts';
import { modifyVolume } from './modify-volume.ts';
import { pruneBlocksWorkflow } from './prune-blocks.ts';
import { publishMetadata } from './publish-metadata.ts';
import { rebootInstance } from './reboot-instance.ts';
import { startInstance } from './start-instance.ts';

/** Every kind of work, by name; a row of another kind is a bug. */
export const workflowDefinitions: readonly AnyWorkflowDefinition<WorkflowContext>[] = [
  attachVolume,
  createImage,
  createSnapshots,
  createVolume,
  deleteSnapshot,
  deleteVolume,
  detachVolume,
  endInstance,
  haltMachine,
  machineExited,
  modifyVolume,
  pruneBlocksWorkflow,
  publishMetadata,
  rebootInstance,
  startInstance,
];
