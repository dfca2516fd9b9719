import type * as Ec2 from '@bakehouse/aws-model';
import { type Volume, type VolumeAttachment, type VolumeId, zoneId } from '@bakehouse/domain';
import { tagsView } from '../tag-specification.ts';

export type VolumeView = NonNullable<Ec2.Ec2Output<'DescribeVolumes'>['Volumes']>[number];
type AttachmentView = Ec2.Ec2Output<'AttachVolume'>;

/** The official shape of an attachment. */
export function attachmentView(volumeId: VolumeId, attachment: VolumeAttachment) {
  return {
    VolumeId: volumeId,
    InstanceId: attachment.instanceId,
    Device: attachment.deviceName,
    State: attachment.state,
    AttachTime: new Date(attachment.attachedAt),
    DeleteOnTermination: attachment.deleteOnTermination,
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
    // An empty volume shows an empty id.
    SnapshotId: volume.snapshotId ?? '',
    AvailabilityZone: volume.zone,
    ...(zone ? { AvailabilityZoneId: zone } : {}),
    State: volume.state,
    CreateTime: new Date(volume.createdAt),
    Attachments: attachment ? [attachmentView(volume.id, attachment)] : [],
    Encrypted: volume.encrypted,
    VolumeType: volume.volumeType,
    ...(iops === undefined ? {} : { Iops: iops }),
    ...(throughput === undefined ? {} : { Throughput: throughput }),
    ...(rate === undefined ? {} : { VolumeInitializationRate: rate }),
    MultiAttachEnabled: volume.multiAttachEnabled,
    Tags: tagsView(volume.tags),
  };
}
