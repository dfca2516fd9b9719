import type { Instance } from '@bakehouse/domain';
import { readFilters } from '../../filters/filter.ts';
import { instanceIndexes } from '../../filters/instance-filters.ts';
import { instanceStatusFilters } from '../../filters/instance-status-filters.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps, refusePagingWithIds } from '../../request/paging.ts';
import { instanceStatusView } from '../../views/instance-status.ts';

/** Machines that a full disk has stopped are shown at once, even if no record could be written. */
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
  const { InstanceIds: ids, Filters: filters, IncludeAllInstances: includeAll } = request;
  refusePagingWithIds(ids, request, 'instancesSet');
  const stalled = await context.machines.stalled();
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, instanceStatusFilters),
    read: ownedSteps(context, {
      kind: 'instance',
      ids,
      filters,
      indexes: instanceIndexes,
      async item(_, instance) {
        if (!includeAll && instance.state !== 'running') return undefined;
        return stalled.has(instance.id) ? asStalled(instance) : instance;
      },
    }),
  });
  return {
    InstanceStatuses: items.map(instanceStatusView),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
