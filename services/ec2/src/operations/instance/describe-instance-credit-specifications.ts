import { apiError, type Instance } from '@bakehouse/domain';
import { readFilters } from '../../filters/filter.ts';
import { ownedSteps } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps, refusePagingWithIds } from '../../request/paging.ts';

const filters = { 'instance-id': ({ id }: Instance) => id };

function checkBurstable(instances: readonly Instance[]): void {
  const other = instances.find(({ cpuCredits }) => cpuCredits === undefined);
  if (!other) return;
  throw apiError('UnsupportedOperation', {
    message: `The instance '${other.id}' of type ${other.instanceType} is not a burstable performance instance`,
  });
}

/** Of the named instances; without names, of those with the `unlimited` option, as documented. */
export const describeInstanceCreditSpecifications: Operation<
  'DescribeInstanceCreditSpecifications'
> = async (context, request) => {
  const { InstanceIds: ids } = request;
  refusePagingWithIds(ids, request, 'instanceIdsSet');
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(request.Filters, filters),
    read: ownedSteps(context, {
      kind: 'instance',
      ids,
      checkNamed: checkBurstable,
      item: async (_, instance) =>
        ids?.length || instance.cpuCredits === 'unlimited' ? instance : undefined,
    }),
  });
  return {
    InstanceCreditSpecifications: items.map(({ id, cpuCredits }) => ({
      InstanceId: id,
      ...(cpuCredits ? { CpuCredits: cpuCredits } : {}),
    })),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
