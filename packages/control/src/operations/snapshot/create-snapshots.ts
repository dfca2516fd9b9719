import {
  apiError,
  type Instance,
  type MetadataReader,
  type Tags,
  type Volume,
} from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { checkId, ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { tagsFor } from '../../tag-specification.ts';
import { snapshotInfoView } from '../../views/snapshot.ts';
import { createSnapshotsKind } from '../../workflows/create-snapshots.ts';
import { instanceLanes } from '../../workflows/instance-lanes.ts';
import { planSnapshot } from './plan-snapshot.ts';
import { checkSnapshotPlace, freezeWaitMs } from './snapshot-request.ts';

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
    chosen.push(await ownedById(reader, context, 'volume', use.volumeId));
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
  const begun = await context.write(async (tx) => {
    const instance = await ownedById(tx, context, 'instance', specification.InstanceId);
    if (instance.state === 'terminated' || instance.state === 'shutting-down') {
      throw apiError('IncorrectInstanceState', {
        message: `The instance '${instance.id}' is '${instance.state}'`,
      });
    }
    const volumes = await chosenVolumes(tx, context, { instance, specification });
    const description = request.Description ?? '';
    const snapshots = volumes.map((volume) =>
      planSnapshot(context, { volume, description, tags: snapshotTags(request, volume) }),
    );
    for (const snapshot of snapshots) await tx.put('snapshot', snapshot);
    const workflowId = await tx.enqueue({
      kind: createSnapshotsKind,
      region: context.region,
      lanes: instanceLanes(instance),
      input: { snapshotIds: snapshots.map((snapshot) => snapshot.id) },
    });
    return { snapshots, workflowId };
  });
  await context.reached(begun.workflowId, 'freeze', freezeWaitMs);
  return { Snapshots: begun.snapshots.map(snapshotInfoView) };
};
