import { generatedJson } from './generated-json.ts';
import type { Ec2OperationName } from './services.ts';

export interface DocumentedFilters {
  /** As documented, in its order; a pattern such as `tag:<key>` means a family of names. */
  readonly names: readonly string[];
  /** True for a documented name and for a name of a documented family. */
  has(name: string): boolean;
}

const data = generatedJson<Readonly<Record<string, string>>>('ec2-filters.json');
const known = new Map<Ec2OperationName, DocumentedFilters>();
const pattern = /^(.+:)<[^>]+>$/;

/**
 * The filters that the model's documentation lists for an operation's `Filters`. Undefined when it
 * lists none: the operation may still take filters that are written down elsewhere.
 */
export function documentedFilters(operation: Ec2OperationName): DocumentedFilters | undefined {
  const before = known.get(operation);
  if (before !== undefined) return before;
  const text = data()[operation];
  if (text === undefined) return undefined;
  const filters = filtersOf(text.split(' '));
  known.set(operation, filters);
  return filters;
}

function filtersOf(names: readonly string[]): DocumentedFilters {
  const exact = new Set(names.filter((name) => !pattern.test(name)));
  const prefixes = names.flatMap((name) => pattern.exec(name)?.[1] ?? []);
  return {
    names,
    has: (name) =>
      exact.has(name) ||
      prefixes.some((prefix) => name.startsWith(prefix) && name.length > prefix.length),
  };
}
