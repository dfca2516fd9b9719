import type { Instance } from '@bakehouse/domain';
import { filterItems } from '../../filters/filter.ts';
import { instanceStatusFilters } from '../../filters/instance-status-filters.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { refusePagingWithIds } from '../../paging-with-ids.ts';
import { instanceStatusView } from '../../views/instance-status.ts';
import { namedInstances } from './named-instances.ts';

/** What QEMU says of a machine that a full disk stopped counts at once, also where no record could be written. */
function asStalled(instance: Instance): Instance {
  const system = instance.status?.system ?? 'ok';
  const impairedSince = instance.status?.impairedSince;
  const since = impairedSince === undefined ? {} : { impairedSince };
  return { ...instance, status: { system, instance: 'impaired', disks: 'impaired', ...since } };
}

/** System and instance checks of running instances; of all when that is asked for. */
export const describeInstanceStatus: Operation<'DescribeInstanceStatus'> = async (
  context,
  request,
) => {
  refusePagingWithIds(request.InstanceIds, request, 'instancesSet');
  const named = await context.read((reader) => namedInstances(reader, context, request));
  const shown = request.IncludeAllInstances
    ? named
    : named.filter(({ state }) => state === 'running');
  const stalled = await context.powers.compute.stalled();
  const seen = shown.map((each) => (stalled.has(each.id) ? asStalled(each) : each));
  const found = filterItems(seen, request.Filters, instanceStatusFilters);
  const { items, nextToken } = page(found, request, (instance) => instance.id);
  return {
    InstanceStatuses: items.map(instanceStatusView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
