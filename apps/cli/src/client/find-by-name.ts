import { CommandFailedError } from '../command.ts';

/** How a row can be named, the surest way first. */
export interface Named {
  readonly id: string;
  /** Names and addresses: whole, not beginnings of them. */
  readonly names: readonly string[];
  /** Chosen before others of the same name: what still exists. */
  readonly isLive: boolean;
}

function matches<Row>(rows: readonly Row[], query: string, describe: (row: Row) => Named): Row[] {
  const described = rows.map((row) => ({ row, ...describe(row) }));
  const live = described.filter(({ isLive }) => isLive);
  const ways = [
    described.filter(({ id }) => id === query),
    live.filter(({ names }) => names.includes(query)),
    live.filter(({ id }) => query.length > 2 && id.startsWith(query)),
    live.filter(({ id }) => query.length > 2 && id.slice(id.indexOf('-') + 1).startsWith(query)),
    described.filter(({ names }) => names.includes(query)),
  ];
  return (ways.find((found) => found.length > 0) ?? []).map(({ row }) => row);
}

/**
 * The one row that a person means: by its id, a name or address, or the beginning of its id. Throws
 * CommandFailedError that names the candidates when there is not exactly one.
 */
export function findByName<Row>(
  rows: readonly Row[],
  query: string,
  options: { readonly noun: string; readonly listedBy: string; describe(row: Row): Named },
): Row {
  const { noun, listedBy, describe } = options;
  const [found, ...others] = matches(rows, query, describe);
  if (found === undefined) {
    throw new CommandFailedError(`there is no ${noun} '${query}'; '${listedBy}' lists them`);
  }
  if (others.length > 0) {
    const ids = [found, ...others].map((row) => describe(row).id).join(', ');
    throw new CommandFailedError(`'${query}' may be any of ${ids}; name one by its id`);
  }
  return found;
}
