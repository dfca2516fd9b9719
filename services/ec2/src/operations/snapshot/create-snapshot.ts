import { apiError, checkState, type MetadataReader, type Volume } from '@bakehouse/domain';
import { createSnapshotsWorkflow, enqueueFreeze } from '@bakehouse/orchestration';
import { writeWithRoom } from '../../capacity/disk-room.ts';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { tagsFor } from '../../request/tags.ts';
import { checkDescription } from '../../request/text.ts';
import { checkPendingSnapshots } from '../../snapshots/pending-limit.ts';
import {
  begunSnapshot,
  checkSnapshotPlace,
  instantFixed,
} from '../../snapshots/snapshot-request.ts';
import { snapshotToTake } from '../../snapshots/snapshot-to-take.ts';
import { newSnapshotView } from '../../views/snapshot.ts';

async function checkVolume(reader: MetadataReader, volume: Volume): Promise<void> {
  checkState('volume', volume, 'CreateSnapshot');
  const { attachment } = volume;
  if (!attachment?.deleteOnTermination) return;
  const instance = await reader.get('instance', attachment.instanceId);
  if (instance?.state !== 'shutting-down' && instance?.state !== 'terminated') return;
  throw apiError('IncorrectState', {
    message: `The volume '${volume.id}' is deleted with the instance '${instance.id}', which is '${instance.state}'`,
  });
}

/** Fixes the volume's content as of now; the copy is made afterwards while the guest keeps running. */
export const createSnapshot: Operation<'CreateSnapshot'> = async (context, request) => {
  checkSnapshotPlace(request);
  await context.untilWorking();
  const begun = await writeWithRoom(context, async (tx, claimRoom) => {
    const volume = await ownedById(tx, context, 'volume', request.VolumeId);
    await checkVolume(tx, volume);
    await checkPendingSnapshots(tx, volume);
    const tags = tagsFor('snapshot', request.TagSpecifications, ['snapshot']);
    const description = request.Description ?? '';
    checkDescription(description);
    const workflowId = context.ids.resource('wf');
    const origin = { workflowId };
    const snapshot = snapshotToTake(context, { volume, description, tags, origin });
    claimRoom();
    await tx.put('snapshot', snapshot);
    const freezeId = await enqueueFreeze(tx, [snapshot]);
    await createSnapshotsWorkflow.enqueue(tx, { snapshotIds: [snapshot.id] }, workflowId);
    return { snapshot, workflowId, freezeId };
  });
  await instantFixed(context, { ...begun, snapshots: [begun.snapshot] });
  return newSnapshotView(await begunSnapshot(context, begun.snapshot));
};
