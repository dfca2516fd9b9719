import { apiError } from '@bakehouse/domain';

export interface PageRequest {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

export interface PageLimits {
  readonly min: number;
  readonly max: number;
}

/** What most Describe operations accept for MaxResults. */
export const usualPageLimits: PageLimits = { min: 5, max: 1000 };

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextToken?: string;
}

const tokenPattern = /^v1:(.+)$/;

function decodeToken(token: string): string {
  const match = tokenPattern.exec(Buffer.from(token, 'base64url').toString('utf8'));
  if (!match?.[1]) throw apiError('InvalidNextToken', {});
  return match[1];
}

const encodeToken = (lastId: string) => Buffer.from(`v1:${lastId}`).toString('base64url');

function checkMaxResults(maxResults: number, limits: PageLimits): void {
  if (maxResults >= limits.min && maxResults <= limits.max) return;
  throw apiError('InvalidParameterValue', {
    message: `Value ( ${maxResults} ) for parameter maxResults is invalid. Expecting a value between ${limits.min} and ${limits.max}.`,
  });
}

/**
 * As `page`, of items that are made of candidates, which must be in ascending order of id; `make` answers
 * undefined for those that do not count. No more are made than the page needs.
 */
export async function pageOf<Candidate extends { readonly id: string }, Item>(
  candidates: readonly Candidate[],
  make: (candidate: Candidate) => Promise<Item | undefined>,
  request: PageRequest,
  limits: PageLimits = usualPageLimits,
): Promise<Page<Item>> {
  const { MaxResults: count = Number.POSITIVE_INFINITY, NextToken: token } = request;
  if (request.MaxResults !== undefined) checkMaxResults(request.MaxResults, limits);
  const after = token ? decodeToken(token) : '';
  const items: Item[] = [];
  let lastId = '';
  for (const candidate of candidates) {
    const item = candidate.id > after ? await make(candidate) : undefined;
    if (item === undefined) continue;
    if (items.length === count) return { items, nextToken: encodeToken(lastId) };
    items.push(item);
    lastId = candidate.id;
  }
  return { items };
}

/**
 * One page of items, which must be in ascending order of id. The token names the last item given, so a page
 * stays right when items are made or deleted in between. Without MaxResults all items are answered.
 */
export function page<Item>(
  items: readonly Item[],
  request: PageRequest,
  idOf: (item: Item) => string,
  limits: PageLimits = usualPageLimits,
): Page<Item> {
  if (request.MaxResults !== undefined) checkMaxResults(request.MaxResults, limits);
  const after = request.NextToken ? decodeToken(request.NextToken) : undefined;
  const rest = after === undefined ? items : items.filter((item) => idOf(item) > after);
  const count = request.MaxResults ?? rest.length;
  const chosen = rest.slice(0, count);
  const last = chosen.at(-1);
  if (rest.length <= count || last === undefined) return { items: chosen };
  return { items: chosen, nextToken: encodeToken(idOf(last)) };
}
