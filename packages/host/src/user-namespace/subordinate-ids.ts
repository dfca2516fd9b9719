/** A line of subuid(5) or subgid(5). */
export interface SubordinateRange {
  readonly first: number;
  readonly count: number;
}

/** Whom a line is for: it names a user by name or by id. */
export interface SubordinateOwner {
  readonly name: string;
  readonly id: number;
}

/** The ranges that `/etc/subuid` or `/etc/subgid` gives a user. */
export function subordinateRanges(
  text: string,
  { name, id }: SubordinateOwner,
): readonly SubordinateRange[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(':'))
    .filter(([owner, first, count]) => (owner === name || owner === `${id}`) && first && count)
    .map(([, first, count]) => ({ first: Number(first), count: Number(count) }))
    .filter(({ first, count }) => Number.isSafeInteger(first) && count > 0);
}

/** The first range above all others, aligned as `useradd` does it, for a user who has none. */
export function nextSubordinateRange(texts: readonly string[], count: number): SubordinateRange {
  const ends = texts
    .flatMap((text) => text.split('\n'))
    .map((line) => line.split(':'))
    .map(([, first, size]) => Number(first) + Number(size))
    .filter((end) => Number.isSafeInteger(end));
  return { first: Math.max(100_000, ...ends), count };
}
