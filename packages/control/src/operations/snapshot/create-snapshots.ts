import {
  apiError,
  type Instance,
  type MetadataReader,
  type Snapshot,
  type Tags,
  type Volume,
} from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { checkDescription } from '../../description.ts';
import { checkId, ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { storageRefusal } from '../../storage-room.ts';
import { tagsFor } from '../../tag-specification.ts';
import { snapshotInfoView } from '../../views/snapshot.ts';
import { createSnapshotsKind } from '../../workflows/create-snapshots.ts';
import { volumeLanes } from '../../workflows/instance-lanes.ts';
import { checkPendingSnapshots } from './pending-limit.ts';
import { planSnapshot } from './plan-snapshot.ts';
import { begunSnapshot, checkSnapshotPlace, instantFixed } from './snapshot-request.ts';

type Request = Parameters<Operation<'CreateSnapshots'>>[1];
type Specification = Request['InstanceSpecification'];

function checkExcluded(instance: Instance, excluded: readonly string[]): void {
  for (const id of excluded) {
    checkId('volume', id);
    const use = instance.volumes.find((each) => each.volumeId === id);
    if (use && use.deviceName !== instance.rootDeviceName) continue;
    const why = use ? 'is the root volume; use ExcludeBootVolume' : 'is not attached to it';
    throw apiError('InvalidParameterValue', {
      message: `The volume '${id}' cannot be excluded from the snapshots of ${instance.id}: it ${why}`,
    });
  }
}

/** What is on its way out may not be the instance's any more when the instant comes. */
function checkStays({ id, attachment }: Volume): void {
  if (attachment?.state !== 'detaching' && attachment?.state !== 'busy') return;
  throw apiError('IncorrectState', {
    message: `The volume '${id}' is being detached; name it in ExcludeDataVolumeIds, or try again afterwards`,
  });
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
    if (noBoot && use.deviceName === instance.rootDeviceName) continue;
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

function snapshotTags(request: Request, volume: Volume): Tags {
  const source = request.CopyTagsFromSource;
  const given = tagsFor('snapshot', request.TagSpecifications, ['snapshot']);
  return source === 'volume' ? { ...volume.tags, ...given } : given;
}

function checkRequest(request: Request): void {
  checkSnapshotPlace(request);
  const { CopyTagsFromSource: source } = request;
  if (source === undefined || source === 'volume') return;
  throw apiError('InvalidParameterValue', {
    message: `Value (${source}) for parameter copyTagsFromSource is invalid. Expecting: volume`,
  });
}

/** Snapshots of an instance's volumes, all of the same instant. */
export const createSnapshots: Operation<'CreateSnapshots'> = async (context, request) => {
  checkRequest(request);
  const specification = request.InstanceSpecification;
  const refusal = await storageRefusal(context);
  const begun = await context.write(async (tx) => {
    const instance = await ownedById(tx, context, 'instance', specification.InstanceId);
    if (instance.state === 'terminated' || instance.state === 'shutting-down') {
      throw apiError('IncorrectInstanceState', {
        message: `The instance '${instance.id}' is '${instance.state}'`,
      });
    }
    const volumes = await chosenVolumes(tx, context, { instance, specification });
    const description = request.Description ?? '';
    checkDescription(description);
    const snapshots = volumes.map((volume) =>
      planSnapshot(context, { volume, description, tags: snapshotTags(request, volume) }),
    );
    if (refusal) throw refusal;
    for (const snapshot of snapshots) await tx.put('snapshot', snapshot);
    const workflowId = await tx.enqueue({
      kind: createSnapshotsKind,
      region: context.region,
      lanes: volumeLanes(instance),
      input: { snapshotIds: snapshots.map((snapshot) => snapshot.id) },
    });
    return { snapshots, workflowId };
  });
  await instantFixed(context, begun);
  const snapshots: Snapshot[] = [];
  for (const each of begun.snapshots) snapshots.push(await begunSnapshot(context, each));
  return { Snapshots: snapshots.map(snapshotInfoView) };
};
