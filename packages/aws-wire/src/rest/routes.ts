import type { HttpBinding, OperationShape, ServiceModel } from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import { headerValue, type RequestHead } from '../message.ts';
import { queryParameters } from '../query-string.ts';

/** The operation of a REST request and the labels of its path, decoded. */
export interface RouteMatch {
  readonly operation: OperationShape;
  readonly labels: ReadonlyMap<string, string>;
}

interface Route {
  readonly operation: OperationShape;
  readonly method: string;
  readonly segments: readonly Segment[];
  /** Fixed parts of the query: `?acl`, `?list-type=2`. An empty value matches any. */
  readonly fixedQuery: readonly (readonly [string, string])[];
  /** What SDKs of AWS add to the query as `x-id`, to say which of several operations they mean. */
  readonly hint: string | undefined;
  readonly requiredQuery: readonly string[];
  readonly requiredHeaders: readonly string[];
}

type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'label' | 'greedy'; readonly name: string };

const tables = new WeakMap<ServiceModel, readonly Route[]>();

/**
 * The operation that method, path, query and headers name; of several the one that asks for most.
 * Undefined when there is none. Throws `InvalidRequest` for a path that cannot be decoded.
 */
export function matchRoute(model: ServiceModel, head: RequestHead): RouteMatch | undefined {
  const query = new Map(queryParameters(head.rawQuery));
  const candidates = routesOf(model).flatMap((route) => {
    if (route.method !== head.method || !hasFixedQuery(route, query)) return [];
    const labels = matchPath(route.segments, head.path);
    return labels === undefined ? [] : [{ route, labels }];
  });
  const ranked = candidates
    .map((candidate) => ({ ...candidate, rank: rankOf(candidate.route, head, query) }))
    .sort((a, b) => b.rank - a.rank);
  const [best] = ranked;
  return best && { operation: best.route.operation, labels: best.labels };
}

/** An operation that the caller names wins, then one whose required parts are there, most first. */
function rankOf(
  route: Route,
  { headers }: RequestHead,
  query: ReadonlyMap<string, string>,
): number {
  const isHinted = route.hint !== undefined && route.hint === query.get('x-id');
  const required = route.requiredQuery.length + route.requiredHeaders.length;
  const isComplete =
    route.requiredQuery.every((name) => query.has(name)) &&
    route.requiredHeaders.every((name) => headerValue(headers, name) !== undefined);
  const literals = route.segments.filter((segment) => segment.kind === 'literal').length;
  const specific = (route.fixedQuery.length + literals) * 100 + (isComplete ? required : -required);
  return specific + (isHinted ? 1_000_000 : 0);
}

function routesOf(model: ServiceModel): readonly Route[] {
  const before = tables.get(model);
  if (before !== undefined) return before;
  const routes = model.operationNames().flatMap((name) => {
    const operation = model.find(name);
    return operation === undefined ? [] : [routeOf(operation)];
  });
  tables.set(model, routes);
  return routes;
}

function routeOf(operation: OperationShape): Route {
  const { method = '', uri = '/' } = operation.http ?? {};
  const [path = '/', rawQuery = ''] = uri.split('?');
  const query = queryParameters(rawQuery);
  const requiredIn = (kind: HttpBinding['kind']) =>
    operation.input.members.flatMap(({ required, binding }) =>
      required && binding?.kind === kind && 'name' in binding ? [binding.name] : [],
    );
  return {
    operation,
    method,
    segments: path.split('/').slice(1).filter(Boolean).map(segmentOf),
    fixedQuery: query.filter(([name]) => name !== 'x-id'),
    hint: query.find(([name]) => name === 'x-id')?.[1],
    requiredQuery: requiredIn('query'),
    requiredHeaders: requiredIn('header').map((name) => name.toLowerCase()),
  };
}

function segmentOf(text: string): Segment {
  const match = /^\{(\w+)(\+?)\}$/.exec(text);
  if (match === null) return { kind: 'literal', text };
  const [, name = '', plus] = match;
  return { kind: plus === '+' ? 'greedy' : 'label', name };
}

function hasFixedQuery({ fixedQuery }: Route, query: ReadonlyMap<string, string>): boolean {
  return fixedQuery.every(([name, value]) => {
    const given = query.get(name);
    return given !== undefined && (value === '' || given === value);
  });
}

/** A slash at the end of the path does not count, except in a greedy label. */
function matchPath(
  segments: readonly Segment[],
  path: string,
): ReadonlyMap<string, string> | undefined {
  const parts = path.split('/').slice(1);
  const isGreedy = segments.at(-1)?.kind === 'greedy';
  const rest = isGreedy ? [] : parts.slice(segments.length);
  if (rest.length > 1 || (rest.length === 1 && rest[0] !== '')) return undefined;
  const labels = new Map<string, string>();
  for (const [i, segment] of segments.entries()) {
    const part = segment.kind === 'greedy' ? parts.slice(i).join('/') : parts[i];
    if (part === undefined || part === '') return undefined;
    if (segment.kind !== 'literal') labels.set(segment.name, decoded(part));
    else if (segment.text !== part) return undefined;
  }
  return labels;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    const message = 'The path is not validly percent-encoded UTF-8.';
    throw apiError('InvalidRequest', { message }, { cause });
  }
}
