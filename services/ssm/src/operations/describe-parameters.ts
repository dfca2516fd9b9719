import { sealPageToken } from '@bakehouse/domain';
import type { ParameterOperation, ParameterRequest } from '../context.ts';
import { describeFilters, parameterFilter } from '../filters.ts';
import { pageSize } from '../limits.ts';
import { parametersBelow, readToken } from '../paging.ts';
import { invalid } from '../refusals.ts';
import { metadataView } from '../views.ts';

const operation = 'DescribeParameters';

/** Both forms of filters. The older one compares names by how they begin. */
function filtersOf({
  Filters: older = [],
  ParameterFilters: filters = [],
}: ParameterRequest<'DescribeParameters'>) {
  if (older.length === 0) return filters;
  if (filters.length > 0) {
    throw invalid('You can use either Filters or ParameterFilters in a single request.');
  }
  return older.map(({ Key, Values }) => ({
    Key,
    Values,
    Option: Key === 'Name' ? 'BeginsWith' : 'Equals',
  }));
}

/** The account's parameters without their values. Other accounts' are not shared with it. */
export const describeParameters: ParameterOperation<'DescribeParameters'> = async (
  context,
  request,
) => {
  const accept = parameterFilter(filtersOf(request), describeFilters);
  const limit = pageSize(request.MaxResults, 50);
  const after = readToken(operation, request.NextToken);
  if (request.Shared) return { Parameters: [] };
  const query = { folder: '/', after, limit, accept };
  const { parameters, last } = await context.read((reader) =>
    parametersBelow(reader, context, query),
  );
  return {
    Parameters: parameters.map(metadataView),
    ...(last === undefined ? {} : { NextToken: sealPageToken(operation, last) }),
  };
};
