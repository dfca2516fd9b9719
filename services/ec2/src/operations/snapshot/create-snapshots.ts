import {
  apiError,
  checkState,
  type Instance,
  type MetadataReader,
  type Snapshot,
  type Tags,
  type Volume,
} from '@bakehouse/domain';
import {
  createSnapshotsWorkflow,
  enqueueFreeze,
  type OperationContext,
} from '@bakehouse/orchestration';
import { writeWithRoom } from '../../capacity/disk-room.ts';
import { checkId, ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { tagsFor } from '../../request/tags.ts';
import { checkDescription, oneOf } from '../../request/text.ts';
import { checkPendingSnapshots } from '../../snapshots/pending-limit.ts';
import {
  begunSnapshot,
  checkSnapshotPlace,
  instantFixed,
} from '../../snapshots/snapshot-request.ts';
import { snapshotToTake } from '../../snapshots/snapshot-to-take.ts';
import { newSnapshotView } from '../../views/snapshot.ts';

type Request = Parameters<Operation<'CreateSnapshots'>>[1];
type Specification = Request['InstanceSpecification'];

function checkExcluded(instance: Instance, excluded: readonly string[]): void {
  for (const id of excluded) {
    checkId('volume', id);
    const use = instance.volumes.find((each) => each.volumeId === id);
    if (use && use.deviceName !== instance.root.deviceName) continue;
    const why = use ? 'is the root volume; use ExcludeBootVolume' : 'is not attached to it';
    throw apiError('InvalidParameterValue', {
      message: `The volume '${id}' cannot be excluded from the snapshots of ${instance.id}: it ${why}`,
    });
  }
}

/** A detaching volume may be gone by the time of the freeze. */
function checkStays({ id, attachment }: Volume): void {
  if (attachment) checkState('attachment', { id, state: attachment.state }, 'CreateSnapshots');
}

/** The instance's volumes without those that the request leaves out; at least one. */
async function chosenVolumes(
  reader: MetadataReader,
  context: OperationContext,
  { instance, specification }: { instance: Instance; specification: Specification },
): Promise<readonly Volume[]> {
  const { ExcludeBootVolume: noBoot = false, ExcludeDataVolumeIds: excluded = [] } = specification;
  checkExcluded(instance, excluded);
  const chosen: Volume[] = [];
  for (const use of instance.volumes) {
    if (noBoot && use.deviceName === instance.root.deviceName) continue;
    if (excluded.includes(use.volumeId)) continue;
    const volume = await ownedById(reader, context, 'volume', use.volumeId);
    checkStays(volume);
    await checkPendingSnapshots(reader, volume);
    chosen.push(volume);
  }
  if (chosen.length > 0) return chosen;
  throw apiError('InvalidParameterValue', {
    message: `The instance '${instance.id}' has no volumes left to snapshot`,
  });
}

/** The only source of tags that there is; undefined when none are copied. */
function tagSource({ CopyTagsFromSource: source }: Request): 'volume' | undefined {
  return source === undefined
    ? undefined
    : oneOf('copyTagsFromSource', source, ['volume'] as const);
}

function snapshotTags(request: Request, volume: Volume): Tags {
  const given = tagsFor('snapshot', request.TagSpecifications, ['snapshot']);
  return tagSource(request) ? { ...volume.tags, ...given } : given;
}

function checkRequest(request: Request): void {
  checkSnapshotPlace(request);
  tagSource(request);
}

/** Snapshots of an instance's volumes, all of the same instant. */
export const createSnapshots: Operation<'CreateSnapshots'> = async (context, request) => {
  checkRequest(request);
  const specification = request.InstanceSpecification;
  await context.untilWorking();
  const begun = await writeWithRoom(context, async (tx, claimRoom) => {
    const instance = await ownedById(tx, context, 'instance', specification.InstanceId);
    checkState('instance', instance, 'CreateSnapshots');
    const volumes = await chosenVolumes(tx, context, { instance, specification });
    const description = request.Description ?? '';
    checkDescription(description);
    const workflowId = context.ids.resource('wf');
    const origin = { workflowId };
    const snapshots = volumes.map((volume) => {
      const tags = snapshotTags(request, volume);
      return snapshotToTake(context, { volume, description, tags, origin });
    });
    claimRoom();
    for (const snapshot of snapshots) await tx.put('snapshot', snapshot);
    const snapshotIds = snapshots.map((snapshot) => snapshot.id);
    const freezeId = await enqueueFreeze(tx, snapshots);
    await createSnapshotsWorkflow.enqueue(tx, { snapshotIds }, workflowId);
    return { snapshots, workflowId, freezeId };
  });
  await instantFixed(context, begun);
  const snapshots: Snapshot[] = [];
  for (const each of begun.snapshots) snapshots.push(await begunSnapshot(context, each));
  return { Snapshots: snapshots.map(newSnapshotView) };
};
