import type { MetadataReader, Snapshot, Workflow, WorkflowId } from '@bakehouse/domain';
import { type ControlTransaction, defineWorkflow } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { snapshotsPlace } from './capture-group.ts';
import {
  type CaptureInput,
  freezeSnapshots,
  readCaptureInput,
  whileStoreIsAway,
} from './captures.ts';
import { createImageWorkflow } from './create-image.ts';
import { createSnapshotsWorkflow } from './create-snapshots.ts';
import { deleteSnapshotWorkflow } from './delete-snapshot.ts';

/**
 * Fixes the instant of snapshots whose capture still waits for another one of their volumes. It has the lanes of the
 * snapshots and not of the volumes: its own capture waits behind it, and nothing else comes between (see
 * `enqueueFreeze`). When it fails, the capture freezes in its turn.
 */
export const freezeSnapshotsWorkflow = defineWorkflow<WorkflowContext, CaptureInput>({
  kind: 'freeze-snapshots',
  version: 1,
  readInput: readCaptureInput,
  async place(reader, { snapshotIds }) {
    const { lanes: _, ...where } = await snapshotsPlace(reader, snapshotIds);
    return { ...where, lanes: snapshotIds };
  },
  onFailure: 'retry',
  steps: [
    {
      name: 'freeze',
      run: { perform: freezeSnapshots, retry: [whileStoreIsAway], fallback: async () => {} },
    },
  ],
});

/** Work that leaves a volume where it is and as large as it is, so that it may be frozen meanwhile. */
const isCapture: Readonly<Record<string, (row: Workflow) => boolean>> = {
  [createSnapshotsWorkflow.kind]: () => true,
  [createImageWorkflow.kind]: (row) => createImageWorkflow.inputOf(row)?.reboot === false,
  [deleteSnapshotWorkflow.kind]: () => true,
};

async function workOnVolumes(
  reader: MetadataReader,
  snapshots: readonly Snapshot[],
): Promise<readonly Workflow[]> {
  const volumes = new Set<string>(snapshots.map(({ volumeId }) => volumeId));
  const rows = await reader.list('workflow');
  return rows.filter(({ lanes }) => lanes.some((lane) => volumes.has(lane)));
}

/**
 * Call it before the capture is enqueued. Begins the freeze at once when all that the capture has to wait for are other
 * captures. Otherwise (nothing to wait for, or a detach, a start …) the capture freezes in its turn: undefined.
 */
export async function enqueueFreeze(
  tx: ControlTransaction,
  snapshots: readonly Snapshot[],
): Promise<WorkflowId | undefined> {
  const ahead = await workOnVolumes(tx, snapshots);
  if (ahead.length === 0 || !ahead.every((row) => isCapture[row.kind]?.(row))) return undefined;
  return await freezeSnapshotsWorkflow.enqueue(tx, { snapshotIds: snapshots.map(({ id }) => id) });
}
