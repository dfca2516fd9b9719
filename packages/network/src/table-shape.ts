import type { Ruleset } from './ruleset.ts';

/** How many rules each chain has, and how many elements each set has. */
export type TableShape = Readonly<Record<string, number>>;

/** Of a set that fills itself. */
const anyNumber = -1;

export function plannedShape({ sets, chains }: Ruleset): TableShape {
  return Object.fromEntries([
    ...Object.entries(sets).map(([name, set]) => [
      `set ${name}`,
      set.spec?.includes('dynamic') ? anyNumber : new Set(set.elements).size,
    ]),
    ...Object.entries(chains).map(([name, chain]) => [`chain ${name}`, chain.rules.length]),
  ]);
}

interface Listed {
  readonly name: string;
  readonly elem?: readonly unknown[];
}
type ListedItem = Readonly<
  Partial<Record<'chain' | 'set' | 'map', Listed>> & { rule?: { readonly chain: string } }
>;

/** The shape of a table that `nft -j list table` printed. */
export function listedShape(json: string): TableShape {
  const shape: Record<string, number> = {};
  const { nftables = [] }: { nftables?: readonly ListedItem[] } = JSON.parse(json || '{}');
  for (const { chain, rule, set, map } of nftables) {
    const held = set ?? map;
    if (held !== undefined) shape[`set ${held.name}`] = held.elem?.length ?? 0;
    if (chain !== undefined) shape[`chain ${chain.name}`] ??= 0;
    if (rule !== undefined) shape[`chain ${rule.chain}`] = (shape[`chain ${rule.chain}`] ?? 0) + 1;
  }
  return shape;
}

export function sameShape(one: TableShape, other: TableShape): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => {
    const [first, second] = [one[name], other[name]];
    if (first === undefined || second === undefined) return false;
    return first === second || first === anyNumber || second === anyNumber;
  });
}
