import {
  apiError,
  checkBootType,
  checkState,
  checkVolumeShape,
  derivesIops,
  type MetadataReader,
  settledShape,
  type Volume,
  type VolumeModification,
  type VolumeShape,
} from '@bakehouse/domain';
import { modifyVolumeWorkflow } from '@bakehouse/orchestration';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved, requireOneOf } from '../../request/refusals.ts';
import { volumeModificationView } from '../../views/volume-modification.ts';
import { knownVolumeType } from './volume-type.ts';

type Request = Parameters<Operation<'ModifyVolume'>>[1];

function checkModifiable(volume: Volume): void {
  checkState('volume', volume, 'ModifyVolume');
  const { id, modification } = volume;
  // EC2 then lets no further change in for six hours; a local volume has nothing to optimise for so long.
  if (modification?.state !== 'modifying' && modification?.state !== 'optimizing') return;
  throw apiError('IncorrectModificationState', { volumeId: id, state: modification.state });
}

/** Another type starts from its own figures; the same type keeps what is not named. */
function performance(volume: Volume, request: Request, sameType: boolean) {
  const keep = sameType && !derivesIops(volume.volumeType);
  const iops = request.Iops ?? (keep ? volume.iops : undefined);
  const throughput = request.Throughput ?? (keep ? volume.throughput : undefined);
  return {
    ...(iops === undefined ? {} : { iops }),
    ...(throughput === undefined ? {} : { throughput }),
  };
}

function targetOf(volume: Volume, request: Request): VolumeShape {
  const { Size: size, VolumeType: type } = request;
  const sizeGiB = size ?? volume.sizeGiB;
  if (sizeGiB < volume.sizeGiB) {
    throw apiError('InvalidParameterValue', {
      message: `New size cannot be smaller than existing size: ${sizeGiB} GiB asked for, ${volume.id} has ${volume.sizeGiB} GiB`,
    });
  }
  const volumeType = knownVolumeType(type) ?? volume.volumeType;
  const sameType = volumeType === volume.volumeType;
  const target = { sizeGiB, volumeType, ...performance(volume, request, sameType) };
  checkVolumeShape(target);
  return settledShape(target);
}

const shapeOf = ({ sizeGiB, volumeType, iops, throughput }: Volume): VolumeShape => ({
  sizeGiB,
  volumeType,
  ...(iops === undefined ? {} : { iops }),
  ...(throughput === undefined ? {} : { throughput }),
});

/** EC2 does not let a boot volume become one that nothing boots from. */
async function checkRoot(
  reader: MetadataReader,
  { id, attachment }: Volume,
  { volumeType }: VolumeShape,
): Promise<void> {
  if (!attachment) return;
  const instance = await reader.get('instance', attachment.instanceId);
  if (instance?.root.deviceName !== attachment.deviceName) return;
  checkBootType(`the root volume ${id}`, volumeType);
}

/** Grows a volume, or changes its type and figures, also while a guest uses it. */
export const modifyVolume: Operation<'ModifyVolume'> = async (context, request) => {
  refuseUnserved(request, ['MultiAttachEnabled']);
  requireOneOf(request, ['Size', 'VolumeType', 'Iops', 'Throughput']);
  return await context.write(async (tx) => {
    const volume = await ownedById(tx, context, 'volume', request.VolumeId);
    checkModifiable(volume);
    const target = targetOf(volume, request);
    await checkRoot(tx, volume, target);
    const modification: VolumeModification = {
      state: 'modifying',
      startedAt: context.now,
      progressPercent: 0,
      original: shapeOf(volume),
      target,
    };
    const modifying = { ...volume, modification };
    await tx.put('volume', modifying);
    await modifyVolumeWorkflow.enqueue(tx, { volumeId: volume.id });
    return { VolumeModification: volumeModificationView(volume.id, modification) };
  });
};
