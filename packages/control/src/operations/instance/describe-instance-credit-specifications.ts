import { apiError, type Instance } from '@bakehouse/domain';
import { filterItems } from '../../filters/filter.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { refusePagingWithIds } from '../../paging-with-ids.ts';
import { namedInstances } from './named-instances.ts';

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
  refusePagingWithIds(request.InstanceIds, request, 'instanceIdsSet');
  const { InstanceIds: ids } = request;
  const named = await context.read((reader) =>
    namedInstances(reader, context, { InstanceIds: ids }),
  );
  if (ids?.length) checkBurstable(named);
  const shown = ids?.length ? named : named.filter((each) => each.cpuCredits === 'unlimited');
  const found = filterItems(shown, request.Filters, filters);
  const { items, nextToken } = page(found, request, (instance) => instance.id);
  return {
    InstanceCreditSpecifications: items.map(({ id, cpuCredits }) => ({
      InstanceId: id,
      ...(cpuCredits ? { CpuCredits: cpuCredits } : {}),
    })),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
