import { type Volume, type VolumeAttachment, zoneId } from '@bakehouse/domain';
import { millisecondsText, wholeSecondText } from '../views/time.ts';
import { type FilterTable, type FilterValue, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

const ofAttachment =
  (get: (attachment: VolumeAttachment) => FilterValue) =>
  ({ attachment }: Volume): FilterValue =>
    attachment ? get(attachment) : undefined;

/** The filters of DescribeVolumes, by their documented names. */
export const volumeFilters: FilterTable<Volume> = {
  ...tagFilters,
  'attachment.attach-time': ofAttachment(({ attachedAt }) => wholeSecondText(attachedAt)),
  'attachment.delete-on-termination': ofAttachment((each) => each.deleteOnTermination),
  'attachment.device': ofAttachment((each) => each.deviceName),
  'attachment.instance-id': ofAttachment((each) => each.instanceId),
  'attachment.status': ofAttachment((each) => each.state),
  'availability-zone': (volume) => volume.zone,
  'availability-zone-id': (volume) => zoneId(volume.zone),
  'create-time': (volume) => millisecondsText(volume.createdAt),
  encrypted: () => false,
  'fast-restored': (volume) => volume.fastRestored === true,
  'multi-attach-enabled': (volume) => volume.multiAttachEnabled,
  'operator.managed': () => false,
  'operator.principal': () => undefined,
  size: (volume) => volume.sizeGiB,
  'snapshot-id': (volume) => volume.snapshotId,
  status: (volume) => volume.state,
  'volume-id': (volume) => volume.id,
  'volume-type': (volume) => volume.volumeType,
};

export const volumeIndexes: FilterIndexes<'volume'> = {
  'attachment.instance-id': 'instance',
  'snapshot-id': 'snapshot',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
