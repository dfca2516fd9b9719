import type * as Ec2 from '@bakehouse/aws-model';
import type { VolumeId, VolumeModification } from '@bakehouse/domain';
import { wholeSecond } from './time.ts';

type View = NonNullable<Ec2.Ec2Output<'ModifyVolume'>['VolumeModification']>;

/** The official shape of a modification. */
export function volumeModificationView(volumeId: VolumeId, modification: VolumeModification): View {
  const { state, startedAt, endedAt, progressPercent, statusMessage } = modification;
  const { original, target } = modification;
  return {
    VolumeId: volumeId,
    ModificationState: state,
    ...(statusMessage === undefined ? {} : { StatusMessage: statusMessage }),
    TargetSize: target.sizeGiB,
    TargetVolumeType: target.volumeType,
    ...(target.iops === undefined ? {} : { TargetIops: target.iops }),
    ...(target.throughput === undefined ? {} : { TargetThroughput: target.throughput }),
    TargetMultiAttachEnabled: false,
    OriginalSize: original.sizeGiB,
    OriginalVolumeType: original.volumeType,
    ...(original.iops === undefined ? {} : { OriginalIops: original.iops }),
    ...(original.throughput === undefined ? {} : { OriginalThroughput: original.throughput }),
    OriginalMultiAttachEnabled: false,
    Progress: progressPercent,
    StartTime: wholeSecond(startedAt),
    ...(endedAt === undefined ? {} : { EndTime: wholeSecond(endedAt) }),
  };
}
