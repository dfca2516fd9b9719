/** A set or map of nft. Elements are in nft's own syntax: `a . b`, or `key : value` for a map. */
export interface NftSet {
  readonly kind: 'set' | 'map';
  readonly type: string;
  /** For example `flags interval;`. A set whose flags are `dynamic` fills itself. */
  readonly spec?: string;
  readonly elements: readonly string[];
}

export interface NftChain {
  /** For example `type filter hook forward priority filter; policy drop;`. */
  readonly hook?: string;
  readonly rules: readonly string[];
}

/** One nft table as a value. */
export interface Ruleset {
  readonly family: 'inet' | 'arp' | 'ip';
  readonly table: string;
  readonly sets: Readonly<Record<string, NftSet>>;
  readonly chains: Readonly<Record<string, NftChain>>;
}

/** The nft commands that replace the table by this one in a single transaction, whatever is in it. */
export function replaceText(ruleset: Ruleset): string {
  const table = `${ruleset.family} ${ruleset.table}`;
  const empty: Ruleset = { ...ruleset, sets: {}, chains: {} };
  const body = changeLines(empty, ruleset) ?? [];
  return lines([`add table ${table}`, `delete table ${table}`, `add table ${table}`, ...body]);
}

/**
 * The nft commands that turn one state of a table into another in a single transaction. Empty when the states are
 * equal, undefined when only a replacement can do it.
 */
export function changeText(before: Ruleset, after: Ruleset): string | undefined {
  const changes = changeLines(before, after);
  return changes && lines(changes);
}

function lines(commands: readonly string[]): string {
  return commands.map((command) => `${command}\n`).join('');
}

/** In an order in which nothing is used before it exists, and nothing is deleted while it is used. */
function changeLines(before: Ruleset, after: Ruleset): string[] | undefined {
  if (isReshaped(before, after)) return undefined;
  const table = `${after.family} ${after.table}`;
  const newSets = Object.entries(after.sets).filter(([name]) => !Object.hasOwn(before.sets, name));
  const newChains = keysMissing(after.chains, before.chains);
  const oldSets = keysMissing(before.sets, after.sets);
  const oldChains = keysMissing(before.chains, after.chains);
  const changed = Object.entries(after.chains).filter(
    ([name, chain]) => chain.rules.join('\n') !== (before.chains[name]?.rules.join('\n') ?? ''),
  );
  const flushed = changed.filter(([name]) => Object.hasOwn(before.chains, name));
  return [
    ...newSets.map(([name, set]) => `add ${set.kind} ${table} ${name} ${setSpec(set)}`),
    ...newChains.map((name) => `add chain ${table} ${name}${hookSpec(after.chains[name])}`),
    ...flushed.map(([name]) => `flush chain ${table} ${name}`),
    ...oldChains.map((name) => `flush chain ${table} ${name}`),
    ...Object.entries(before.sets).flatMap(([name, set]) =>
      elementLines(`delete element ${table} ${name}`, set, after.sets[name]),
    ),
    ...Object.entries(after.sets).flatMap(([name, set]) =>
      elementLines(`add element ${table} ${name}`, set, before.sets[name]),
    ),
    ...changed.flatMap(([name, chain]) =>
      chain.rules.map((rule) => `add rule ${table} ${name} ${rule}`),
    ),
    ...oldChains.map((name) => `delete chain ${table} ${name}`),
    ...oldSets.map((name) =>
      `delete set ${table} ${name}`.replace('set', before.sets[name]?.kind ?? 'set'),
    ),
  ];
}

function isReshaped(before: Ruleset, after: Ruleset): boolean {
  const sets = Object.entries(after.sets).some(([name, set]) => {
    const old = before.sets[name];
    return old !== undefined && `${old.kind} ${setSpec(old)}` !== `${set.kind} ${setSpec(set)}`;
  });
  const chains = Object.entries(after.chains).some(([name, chain]) => {
    const old = before.chains[name];
    return old !== undefined && old.hook !== chain.hook;
  });
  return sets || chains;
}

/** One command for the elements of `set` that `other` lacks; no command when it lacks none. */
function elementLines(command: string, set: NftSet, other: NftSet | undefined): string[] {
  const known = new Set(other?.elements);
  const missing = set.elements.filter((element) => !known.has(element));
  return missing.length === 0 ? [] : [`${command} { ${missing.join(', ')} }`];
}

function keysMissing(from: object, other: object): string[] {
  return Object.keys(from).filter((key) => !Object.hasOwn(other, key));
}

function setSpec(set: NftSet): string {
  return `{ type ${set.type}; ${set.spec === undefined ? '' : `${set.spec} `}}`;
}

function hookSpec(chain: NftChain | undefined): string {
  return chain?.hook === undefined ? '' : ` { ${chain.hook} }`;
}
