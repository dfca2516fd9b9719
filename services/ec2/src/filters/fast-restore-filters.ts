import { zoneId } from '@bakehouse/domain';
import type { ShownFastRestore } from '../views/fast-restore.ts';
import type { FilterTable } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

/** The filters of DescribeFastSnapshotRestores, by their documented names. */
export const fastRestoreFilters: FilterTable<ShownFastRestore> = {
  'availability-zone': ({ record }) => record.zone,
  'availability-zone-id': ({ record }) => zoneId(record.zone),
  'owner-id': ({ record }) => record.ownerId,
  'snapshot-id': ({ record }) => record.snapshotId,
  state: ({ record }) => record.state,
};

export const fastRestoreIndexes: FilterIndexes<'fastRestore'> = {
  'snapshot-id': 'snapshot',
  state: 'state',
};
