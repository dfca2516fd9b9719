import type { WorkflowContext } from '../context.ts';
import type { AnyWorkflowDefinition } from '../workflow/definition.ts';
import { createImage } from './create-image.ts';
import { createSnapshots } from './create-snapshots.ts';
import { deleteVolume } from './delete-volume.ts';
import { endInstance } from './end-instance.ts';
import { machineExited } from './machine-exited.ts';
import { pruneBlocksWorkflow } from './prune-blocks.ts';
import { startInstance } from './start-instance.ts';

/** Every kind of work, by name; a row of another kind is a bug. */
export const workflowDefinitions: readonly AnyWorkflowDefinition<WorkflowContext>[] = [
  createImage,
  createSnapshots,
  deleteVolume,
  endInstance,
  machineExited,
  pruneBlocksWorkflow,
  startInstance,
];
