import type { VolumeId, VolumeModification } from '@bakehouse/domain';
import { wholeSecondText } from '../views/time.ts';
import type { FilterTable } from './filter.ts';

export interface ModifiedVolume {
  readonly volumeId: VolumeId;
  readonly modification: VolumeModification;
}

/** The filters of DescribeVolumesModifications, by their documented names. */
export const volumeModificationFilters: FilterTable<ModifiedVolume> = {
  'modification-state': ({ modification }) => modification.state,
  'original-iops': ({ modification }) => modification.original.iops,
  'original-size': ({ modification }) => modification.original.sizeGiB,
  'original-volume-type': ({ modification }) => modification.original.volumeType,
  originalMultiAttachEnabled: () => false,
  'start-time': ({ modification }) => wholeSecondText(modification.startedAt),
  'target-iops': ({ modification }) => modification.target.iops,
  'target-size': ({ modification }) => modification.target.sizeGiB,
  'target-volume-type': ({ modification }) => modification.target.volumeType,
  targetMultiAttachEnabled: () => false,
  'volume-id': ({ volumeId }) => volumeId,
};
