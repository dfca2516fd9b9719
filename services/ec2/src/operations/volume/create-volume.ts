import {
  apiError,
  checkInitializationRate,
  checkVolumeShape,
  type MetadataReader,
  planVolume,
  type Snapshot,
  type Volume,
  type VolumeId,
  type VolumeShape,
  type ZoneName,
} from '@bakehouse/domain';
import { createVolumeWorkflow, type OperationContext } from '@bakehouse/orchestration';
import { writeWithRoom } from '../../capacity/disk-room.ts';
import { usableSnapshot } from '../../launch/block-devices.ts';
import { checkId, ownedById } from '../../lookup/lookups.ts';
import { findZone } from '../../network/find-zone.ts';
import type { Operation } from '../../operation.ts';
import { withClientToken } from '../../request/client-token.ts';
import { refuseSmallerThan, refuseUnserved } from '../../request/refusals.ts';
import { tagsFor } from '../../request/tags.ts';
import { newVolumeView } from '../../views/volume.ts';
import { knownVolumeType } from './volume-type.ts';

type Request = Parameters<Operation<'CreateVolume'>>[1];

const unserved = [
  'Encrypted',
  'KmsKeyId',
  'MultiAttachEnabled',
  'Operator',
  'OutpostArn',
] as const satisfies readonly (keyof Request)[];

/** The zone by its name or by its id; one of the two must be given. */
function zoneOf({ region }: OperationContext, request: Request): ZoneName {
  const { AvailabilityZone: name, AvailabilityZoneId: id } = request;
  const zone = findZone(region, { name, id });
  if (zone) return zone;
  if (!name && !id) throw apiError('MissingParameter', { parameter: 'AvailabilityZone' });
  throw apiError('InvalidZone.NotFound', { zone: name ?? id });
}

async function snapshotOf(
  reader: MetadataReader,
  context: OperationContext,
  { SnapshotId: id }: Request,
): Promise<Snapshot | undefined> {
  if (!id) return undefined;
  checkId('snapshot', id);
  return await usableSnapshot(reader, context, id as Snapshot['id']);
}

function shapeOf(request: Request, snapshot: Snapshot | undefined): VolumeShape {
  const sizeGiB = request.Size ?? snapshot?.sizeGiB;
  if (sizeGiB === undefined) {
    throw apiError('MissingParameter', {
      parameter: 'size or snapshotId',
    });
  }
  if (snapshot) refuseSmallerThan(snapshot, sizeGiB, 'InvalidParameterValue');
  const shape = {
    sizeGiB,
    volumeType: knownVolumeType(request.VolumeType) ?? 'gp2',
    ...(request.Iops === undefined ? {} : { iops: request.Iops }),
    ...(request.Throughput === undefined ? {} : { throughput: request.Throughput }),
  };
  checkVolumeShape(shape);
  return shape;
}

async function planCreated(
  reader: MetadataReader,
  context: OperationContext,
  request: Request,
): Promise<Volume> {
  const zone = zoneOf(context, request);
  const { VolumeInitializationRate: rate } = request;
  checkInitializationRate(rate, request.SnapshotId);
  const snapshot = await snapshotOf(reader, context, request);
  return planVolume({
    id: context.ids.resource('vol'),
    ownerId: context.accountId,
    region: context.region,
    tags: tagsFor('volume', request.TagSpecifications, ['volume']),
    createdAt: context.now,
    hostId: context.settings.hostId,
    zone,
    shape: shapeOf(request, snapshot),
    snapshot,
    rateMiBps: rate,
  });
}

/** Records the volume, empty or with a snapshot's content; a workflow makes the disk. */
export const createVolume: Operation<'CreateVolume'> = async (context, request) => {
  refuseUnserved(request, unserved);
  const use = { operation: 'CreateVolume', token: request.ClientToken, request };
  return await writeWithRoom(context, async (tx, claimRoom) => {
    const [id] = await withClientToken<VolumeId>(tx, context, use, async () => {
      const volume = await planCreated(tx, context, request);
      claimRoom();
      await tx.put('volume', volume);
      await createVolumeWorkflow.enqueue(tx, { volumeId: volume.id });
      return [volume.id];
    });
    return newVolumeView(await ownedById(tx, context, 'volume', id));
  });
};
