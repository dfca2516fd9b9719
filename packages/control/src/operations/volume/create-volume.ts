import {
  apiError,
  findRegion,
  type MetadataReader,
  type Snapshot,
  type Volume,
  type VolumeId,
  type VolumeShape,
  type ZoneName,
} from '@bakehouse/domain';
import { withClientToken } from '../../client-token.ts';
import type { OperationContext } from '../../context.ts';
import { usableSnapshot } from '../../launch/block-devices.ts';
import {
  beginInitialization,
  checkInitializationRate,
} from '../../launch/volume-initialization.ts';
import { checkVolumeShape, settledShape } from '../../launch/volume-shape.ts';
import { checkId, ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../refuse-unserved.ts';
import { storageRefusal } from '../../storage-room.ts';
import { tagsFor } from '../../tag-specification.ts';
import { volumeView } from '../../views/volume.ts';
import { createVolumeKind } from '../../workflows/create-volume.ts';
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
  if (name && id) {
    throw apiError('InvalidParameterCombination', {
      message: 'AvailabilityZone and AvailabilityZoneId cannot be given together',
    });
  }
  if (!name && !id) throw apiError('MissingParameter', { parameter: 'AvailabilityZone' });
  const zones = findRegion(region)?.zones ?? [];
  const zone = zones.find((each) => (name ? each.name === name : each.id === id));
  if (zone) return zone.name;
  throw apiError('InvalidZone.NotFound', { message: `The zone '${name ?? id}' does not exist.` });
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
      message: 'The request must contain the parameter size or snapshotId',
    });
  }
  if (snapshot && sizeGiB < snapshot.sizeGiB) {
    throw apiError('InvalidParameterValue', {
      message: `Volume of size ${sizeGiB}GB is smaller than snapshot '${snapshot.id}', expect size >= ${snapshot.sizeGiB}GB`,
    });
  }
  const shape = {
    sizeGiB,
    volumeType: knownVolumeType(request.VolumeType) ?? 'gp2',
    ...(request.Iops === undefined ? {} : { iops: request.Iops }),
    ...(request.Throughput === undefined ? {} : { throughput: request.Throughput }),
  };
  checkVolumeShape(shape);
  return settledShape(shape);
}

async function planVolume(
  reader: MetadataReader,
  context: OperationContext,
  request: Request,
): Promise<Volume> {
  const zone = zoneOf(context, request);
  const { VolumeInitializationRate: rate } = request;
  checkInitializationRate(rate, request.SnapshotId);
  const snapshot = await snapshotOf(reader, context, request);
  return {
    id: context.ids.resource('vol'),
    ownerId: context.accountId,
    region: context.region,
    tags: tagsFor('volume', request.TagSpecifications, ['volume']),
    createdAt: context.now,
    zone,
    state: 'creating',
    ...shapeOf(request, snapshot),
    ...(snapshot ? { snapshotId: snapshot.id, originMapId: snapshot.mapId } : {}),
    ...(rate === undefined ? {} : { initialization: beginInitialization(context.now, rate) }),
    encrypted: false,
    multiAttachEnabled: false,
    autoEnableIo: false,
  };
}

/** Empty, or with a snapshot's content; the workflow makes the disk. */
export const createVolume: Operation<'CreateVolume'> = async (context, request) => {
  refuseUnserved(request, unserved);
  const use = { operation: 'CreateVolume', token: request.ClientToken, request };
  const refusal = await storageRefusal(context);
  return await context.write(async (tx) => {
    const [id] = await withClientToken<VolumeId>(tx, context, use, async () => {
      const volume = await planVolume(tx, context, request);
      if (refusal) throw refusal;
      await tx.put('volume', volume);
      const input = { volumeId: volume.id };
      const { region } = context;
      await tx.enqueue({ kind: createVolumeKind, region, lanes: [volume.id], input });
      return [volume.id];
    });
    return volumeView(await ownedById(tx, context, 'volume', id));
  });
};
