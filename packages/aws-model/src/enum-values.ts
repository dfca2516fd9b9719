import type { EnumValues } from './shape.ts';

/** The values of an enum; two that differ in case only have no canonical spelling but their own. */
export function openEnum(all: readonly string[]): EnumValues {
  const exact = new Set(all);
  let byFolded: ReadonlyMap<string, string | undefined> | undefined;
  return {
    all,
    has: (value) => exact.has(value),
    canonical(value) {
      if (exact.has(value)) return value;
      byFolded ??= foldedValues(all);
      return byFolded.get(value.trim().toLowerCase());
    },
  };
}

function foldedValues(all: readonly string[]): ReadonlyMap<string, string | undefined> {
  const folded = new Map<string, string | undefined>();
  for (const value of all) {
    const key = value.toLowerCase();
    folded.set(key, folded.has(key) ? undefined : value);
  }
  return folded;
}
