import { defineWorkflow } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { snapshotsPlace } from './capture-group.ts';
import { type CaptureInput, captureSteps, readCaptureInput } from './captures.ts';
import type { HostResource } from './widths.ts';

/** From pending snapshot records to blocks in the store. `freeze` fixes the instant. */
export const createSnapshotsWorkflow = defineWorkflow<WorkflowContext, CaptureInput, HostResource>({
  kind: 'create-snapshots',
  version: 1,
  readInput: readCaptureInput,
  place: (reader, { snapshotIds }) => snapshotsPlace(reader, snapshotIds),
  onFailure: 'unwind',
  steps: captureSteps,
});
