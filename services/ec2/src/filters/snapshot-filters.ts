import { progressText, type SnapshotFacts } from '../views/snapshot.ts';
import { millisecondsText } from '../views/time.ts';
import { type FilterTable, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

/** The filters of DescribeSnapshots, by their documented names. */
export const snapshotFilters: FilterTable<SnapshotFacts> = {
  'tag:': ({ snapshot }, key) => tagFilters['tag:'](snapshot, key),
  'tag-key': ({ snapshot }) => tagFilters['tag-key'](snapshot),
  description: ({ snapshot }) => snapshot.description,
  encrypted: ({ snapshot }) => snapshot.encryption !== undefined,
  'owner-alias': ({ ownerAlias }) => ownerAlias,
  'owner-id': ({ snapshot }) => snapshot.ownerId,
  progress: ({ snapshot }) => progressText(snapshot),
  'snapshot-id': ({ snapshot }) => snapshot.id,
  'start-time': ({ snapshot }) => millisecondsText(snapshot.startedAt),
  status: ({ snapshot }) => snapshot.state,
  'storage-tier': () => 'standard',
  'transfer-type': () => 'standard',
  'volume-id': ({ snapshot }) => snapshot.volumeId,
  'volume-size': ({ snapshot }) => snapshot.sizeGiB,
};

export const snapshotIndexes: FilterIndexes<'snapshot'> = {
  'owner-id': 'owner',
  'volume-id': 'volume',
  status: 'state',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
