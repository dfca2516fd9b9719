import type { WorkflowContext } from '../context.ts';
import { defineWorkflow } from '../workflow/definition.ts';
import {
  abandonSnapshots,
  type CaptureInput,
  captureVolumes,
  completeSnapshots,
  freezeVolumes,
  thawCaptured,
} from './captures.ts';

export const createSnapshotsKind = 'create-snapshots';

/** From pending snapshot records to blocks in the store. The instant is fixed by `freeze`. */
export const createSnapshots = defineWorkflow<WorkflowContext, CaptureInput>({
  kind: createSnapshotsKind,
  onFailure: 'unwind',
  steps: [
    { name: 'freeze', run: freezeVolumes, undo: abandonSnapshots },
    { name: 'capture', run: captureVolumes },
    { name: 'thaw', run: thawCaptured },
    { name: 'complete', run: completeSnapshots },
  ],
});
