import { documentedFilters } from '@bakehouse/aws-model';
import { expect, test } from 'vitest';
import { instanceFilters } from './instance-filters.ts';
import { instanceStatusFilters } from './instance-status-filters.ts';

test.each([
  ['DescribeInstances', instanceFilters],
  ['DescribeInstanceStatus', instanceStatusFilters],
] as const)('%s takes its documented filters and no others', (operation, table) => {
  const documented = documentedFilters(operation)?.names.map((name) =>
    name.startsWith('tag:') ? 'tag:' : name,
  );
  expect(Object.keys(table).sort()).toEqual(documented?.toSorted());
});
