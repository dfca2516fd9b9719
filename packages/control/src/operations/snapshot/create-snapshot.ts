import { apiError, type MetadataReader, type Volume } from '@bakehouse/domain';
import { checkDescription } from '../../description.ts';
import { ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { storageRefusal } from '../../storage-room.ts';
import { tagsFor } from '../../tag-specification.ts';
import { snapshotView } from '../../views/snapshot.ts';
import { createSnapshotsKind } from '../../workflows/create-snapshots.ts';
import { checkPendingSnapshots } from './pending-limit.ts';
import { planSnapshot } from './plan-snapshot.ts';
import { begunSnapshot, checkSnapshotPlace, instantFixed } from './snapshot-request.ts';

async function checkVolume(reader: MetadataReader, volume: Volume): Promise<void> {
  if (volume.state !== 'available' && volume.state !== 'in-use') {
    throw apiError('IncorrectState', {
      message: `The volume '${volume.id}' is '${volume.state}'; a snapshot needs it 'available' or 'in-use'`,
    });
  }
  const { attachment } = volume;
  if (!attachment?.deleteOnTermination) return;
  const instance = await reader.get('instance', attachment.instanceId);
  if (instance?.state !== 'shutting-down' && instance?.state !== 'terminated') return;
  throw apiError('IncorrectState', {
    message: `The volume '${volume.id}' is deleted with the instance '${instance.id}', which is '${instance.state}'`,
  });
}

/** Fixes the volume's content of this moment; the copy is made afterwards, while the guest runs on. */
export const createSnapshot: Operation<'CreateSnapshot'> = async (context, request) => {
  checkSnapshotPlace(request);
  const refusal = await storageRefusal(context);
  const begun = await context.write(async (tx) => {
    const volume = await ownedById(tx, context, 'volume', request.VolumeId);
    await checkVolume(tx, volume);
    await checkPendingSnapshots(tx, volume);
    const tags = tagsFor('snapshot', request.TagSpecifications, ['snapshot']);
    const description = request.Description ?? '';
    checkDescription(description);
    const snapshot = planSnapshot(context, { volume, description, tags });
    if (refusal) throw refusal;
    await tx.put('snapshot', snapshot);
    const workflowId = await tx.enqueue({
      kind: createSnapshotsKind,
      region: context.region,
      lanes: [volume.id],
      input: { snapshotIds: [snapshot.id] },
    });
    return { snapshot, workflowId };
  });
  await instantFixed(context, { ...begun, snapshots: [begun.snapshot] });
  return snapshotView({ snapshot: await begunSnapshot(context, begun.snapshot) });
};
