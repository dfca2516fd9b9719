import type * as Ec2 from '@bakehouse/aws-model';
import { type Volume, type VolumeAttachment, type VolumeId, zoneId } from '@bakehouse/domain';
import { tagsIfAny, tagsView } from '../request/tags.ts';
import { unmanaged } from './operator.ts';
import { wholeSecond, withMilliseconds } from './time.ts';

export type VolumeView = NonNullable<Ec2.Ec2Output<'DescribeVolumes'>['Volumes']>[number];
type AttachmentView = Ec2.Ec2Output<'AttachVolume'>;

/** The official shape of an attachment. */
export function attachmentView(volumeId: VolumeId, attachment: VolumeAttachment) {
  return {
    VolumeId: volumeId,
    InstanceId: attachment.instanceId,
    Device: attachment.deviceName,
    State: attachment.state,
    AttachTime: wholeSecond(attachment.attachedAt),
    DeleteOnTermination: attachment.deleteOnTermination,
    EbsCardIndex: 0,
  } satisfies AttachmentView;
}

/** The official shape of a volume. */
export function volumeView(volume: Volume): VolumeView {
  const { attachment, iops, throughput } = volume;
  const rate = volume.initialization?.rateMiBps;
  const zone = zoneId(volume.zone);
  return {
    VolumeId: volume.id,
    Size: volume.sizeGiB,
    // EC2 shows an empty id for a volume that was created empty.
    SnapshotId: volume.snapshotId ?? '',
    AvailabilityZone: volume.zone,
    ...(zone ? { AvailabilityZoneId: zone } : {}),
    State: volume.state,
    CreateTime: withMilliseconds(volume.createdAt),
    Attachments: attachment ? [attachmentView(volume.id, attachment)] : [],
    Encrypted: false,
    VolumeType: volume.volumeType,
    ...(iops === undefined ? {} : { Iops: iops }),
    ...(throughput === undefined ? {} : { Throughput: throughput }),
    ...(rate === undefined ? {} : { VolumeInitializationRate: rate }),
    // EC2 shows it only where it is true.
    ...(volume.fastRestored ? { FastRestored: true } : {}),
    MultiAttachEnabled: volume.multiAttachEnabled,
    Operator: unmanaged,
    ...tagsIfAny(volume.tags),
  };
}

/** CreateVolume's reply: no attachments, a list of tags even when it is empty, and a time of whole seconds. */
export function newVolumeView(volume: Volume): VolumeView {
  const { Attachments: _, Operator: __, ...view } = volumeView(volume);
  return { ...view, CreateTime: wholeSecond(volume.createdAt), Tags: tagsView(volume.tags) };
}
