import {
  apiError,
  type MetadataReader,
  type Volume,
  type VolumeModification,
  type VolumeShape,
} from '@bakehouse/domain';
import { checkBootType, checkVolumeShape, settledShape } from '../../launch/volume-shape.ts';
import { ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../refuse-unserved.ts';
import { volumeModificationView } from '../../views/volume-modification.ts';
import { modifyVolumeKind } from '../../workflows/modify-volume.ts';
import { knownVolumeType } from './volume-type.ts';

type Request = Parameters<Operation<'ModifyVolume'>>[1];

function checkModifiable({ id, state, modification }: Volume): void {
  if (state !== 'available' && state !== 'in-use') {
    throw apiError('IncorrectState', {
      message: `The volume '${id}' is '${state}'; only one that is 'available' or 'in-use' can be modified`,
    });
  }
  // EC2 then lets no further change in for six hours; a local volume has nothing to optimise for so long.
  if (modification?.state !== 'modifying' && modification?.state !== 'optimizing') return;
  throw apiError('IncorrectModificationState', {
    message: `Cannot modify volume ${id}, currently in modification state '${modification.state}'.`,
  });
}

/** Another type starts from its own figures; the same type keeps what is not named. */
function performance(volume: Volume, request: Request, sameType: boolean) {
  // gp2's figure follows from its size.
  const keep = sameType && volume.volumeType !== 'gp2';
  const iops = request.Iops ?? (keep ? volume.iops : undefined);
  const throughput = request.Throughput ?? (keep ? volume.throughput : undefined);
  return {
    ...(iops === undefined ? {} : { iops }),
    ...(throughput === undefined ? {} : { throughput }),
  };
}

function targetOf(volume: Volume, request: Request): VolumeShape {
  const { Size: size, VolumeType: type, Iops: iops, Throughput: throughput } = request;
  if ([size, type, iops, throughput].every((each) => each === undefined)) {
    throw apiError('MissingParameter', {
      message:
        'The request must contain at least one of the parameters Size, VolumeType, Iops, Throughput',
    });
  }
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
  if (instance?.rootDeviceName !== attachment.deviceName) return;
  checkBootType(`the root volume ${id}`, volumeType);
}

/** Grows a volume, or changes its type and figures, also while a guest uses it. */
export const modifyVolume: Operation<'ModifyVolume'> = async (context, request) => {
  refuseUnserved(request, ['MultiAttachEnabled']);
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
    const input = { volumeId: volume.id };
    const { region } = context;
    await tx.enqueue({ kind: modifyVolumeKind, region, lanes: [volume.id], input });
    return { VolumeModification: volumeModificationView(volume.id, modification) };
  });
};
