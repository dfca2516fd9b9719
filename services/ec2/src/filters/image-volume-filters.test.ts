import { documentedFilters, type Ec2OperationName } from '@bakehouse/aws-model';
import { expect, test } from 'vitest';
import { imageFilters } from './image-filters.ts';
import { snapshotFilters } from './snapshot-filters.ts';
import { volumeFilters } from './volume-filters.ts';
import { volumeModificationFilters } from './volume-modification-filters.ts';
import { volumeStatusFilters } from './volume-status-filters.ts';

const tables: [Ec2OperationName, object][] = [
  ['DescribeImages', imageFilters],
  ['DescribeSnapshots', snapshotFilters],
  ['DescribeVolumes', volumeFilters],
  ['DescribeVolumesModifications', volumeModificationFilters],
  ['DescribeVolumeStatus', volumeStatusFilters],
];

test.each(tables)('every documented filter of %s is served, and no other', (operation, table) => {
  const names = documentedFilters(operation)?.names.map((name) => name.replace('<key>', '')) ?? [];
  expect(Object.keys(table).sort()).toEqual([...names].sort());
});
