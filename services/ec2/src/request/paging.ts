import { apiError, openPageToken, sealPageToken } from '@bakehouse/domain';
import {
  type Filter,
  type Filters,
  type FilterTable,
  readFilters,
  tooMuchToCompare,
} from '../filters/filter.ts';

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

function checkMaxResults(maxResults: number, limits: PageLimits): void {
  if (maxResults >= limits.min && maxResults <= limits.max) return;
  throw apiError('InvalidParameterValue', {
    parameter: 'maxResults',
    value: ` ${maxResults} `,
    hint: `Expecting a value between ${limits.min} and ${limits.max}.`,
  });
}

/** Some of the items that a page may be made of, in ascending order of id. */
export interface Step<Item> {
  readonly items: readonly { readonly id: string; readonly item: Item }[];
  /** The id after which the next step begins; absent in the last one. */
  readonly next?: string;
}

export interface StepsRequest<Item> {
  readonly request: PageRequest;
  readonly filters: Filters<Item>;
  readonly limits?: PageLimits;
  /** The next items after an id; `count` is how many would do. Called outside of transactions only. */
  read(after: string, count: number): Promise<Step<Item>>;
}

/** Candidates that one step reads: between them others have their turn. */
const stepSize = { min: 50, max: 300 };

/**
 * One page of the items that pass the filters, read step by step until the page is full. The token is the id of the
 * last item looked at, so the last page may be empty. Without MaxResults all items are returned.
 */
export async function pageOfSteps<Item>(steps: StepsRequest<Item>): Promise<Page<Item>> {
  const { request, filters, limits = usualPageLimits } = steps;
  const { MaxResults: count = Number.POSITIVE_INFINITY, NextToken: token } = request;
  if (request.MaxResults !== undefined) checkMaxResults(request.MaxResults, limits);
  const page: OpenPage<Item> = { found: [], count, after: token ?? '' };
  for (;;) {
    const size = Math.min(stepSize.max, Math.max(stepSize.min, count - page.found.length));
    const step = await steps.read(page.after, size);
    // Others have their turn between reading many records and comparing them.
    if (step.items.length > stepSize.min) await filters.work.pause();
    const isCut = await fill(page, step, filters);
    if (filters.work.isExhausted && request.MaxResults === undefined) throw tooMuchToCompare();
    if (isCut) return { items: page.found, nextToken: page.after };
    if (step.next === undefined) return { items: page.found };
    page.after = step.next;
    if (page.found.length === count) {
      return { items: page.found, nextToken: page.after };
    }
    await filters.work.pause();
  }
}

/** A page under construction. */
interface OpenPage<Item> {
  readonly found: Item[];
  readonly count: number;
  /** The last item looked at. */
  after: string;
}

/** Adds the items that pass; true when there are more than the page or the filters' work allows. */
async function fill<Item>(
  page: OpenPage<Item>,
  { items }: Step<Item>,
  { passes, work }: Filters<Item>,
): Promise<boolean> {
  for (const { id, item } of items) {
    if (page.found.length === page.count || work.isExhausted) return true;
    // A promise for each of many items that need none would cost more than comparing them.
    const verdict = passes(item);
    if (typeof verdict === 'boolean' ? verdict : await verdict) page.found.push(item);
    page.after = id;
    if (work.isLong) await work.pause();
  }
  return false;
}

export interface ItemsRequest<Item> {
  readonly request: PageRequest & { readonly Filters?: readonly Filter[] | undefined };
  /** In ascending order of id. */
  readonly items: readonly Item[];
  readonly idOf: (item: Item) => string;
  readonly table: FilterTable<Item>;
  readonly limits?: PageLimits;
}

/** As `pageOfSteps`, of items that are in memory. */
export async function pageOfItems<Item>(from: ItemsRequest<Item>): Promise<Page<Item>> {
  const { request, items, idOf, table, limits = usualPageLimits } = from;
  const filters = readFilters(request.Filters, table);
  return await pageOfSteps({
    request,
    filters,
    limits,
    read: stepsOf(items, idOf, (item) => item),
  });
}

/** Steps through sources that are in memory, in ascending order of id; each item is made when its turn comes. */
export function stepsOf<Source, Item>(
  sources: readonly Source[],
  idOf: (source: Source) => string,
  itemOf: (source: Source) => Item,
): StepsRequest<Item>['read'] {
  return async (after, count) => {
    const rest = sources.filter((source) => idOf(source) > after);
    const items = rest
      .slice(0, count)
      .map((source) => ({ id: idOf(source), item: itemOf(source) }));
    const last = items.at(-1);
    return { items, ...(last && rest.length > count ? { next: last.id } : {}) };
  };
}

/** Refuses MaxResults together with a list of ids, as EC2 does. */
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

/**
 * The request with its NextToken as the operation made it. Clients see tokens with their version and the
 * operation's name, so that tokens of other releases and operations are refused.
 */
export function openToken(operation: string, request: object): object {
  if (!('NextToken' in request) || typeof request.NextToken !== 'string') return request;
  if (request.NextToken === '') return request;
  return { ...request, NextToken: openPageToken(operation, request.NextToken) };
}

/** The output with its NextToken as clients see it. */
export function sealToken(operation: string, answer: object): object {
  if (!('NextToken' in answer) || typeof answer.NextToken !== 'string') return answer;
  return { ...answer, NextToken: sealPageToken(operation, answer.NextToken) };
}
