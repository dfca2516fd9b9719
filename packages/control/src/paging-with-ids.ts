import { apiError } from '@bakehouse/domain';
import type { PageRequest } from './paging.ts';

/** Operations that page do not take MaxResults together with a list of ids. */
export function refusePagingWithIds(
  ids: readonly string[] | undefined,
  { MaxResults: maxResults }: PageRequest,
  parameter: string,
): void {
  if (!ids?.length || maxResults === undefined) return;
  throw apiError('InvalidParameterCombination', {
    message: `The parameter ${parameter} cannot be used with the parameter maxResults`,
  });
}
