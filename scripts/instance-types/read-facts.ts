import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkCard, TypeAccelerator, TypeEbs, TypeNetwork } from '@bakehouse/domain';

/** `like=`, `flags=` and the other keys of a line of families.txt or types.txt. */
type Keys = ReadonlyMap<string, string>;
type Disks = { readonly count: number; readonly sizeGB: number };

/** What the files in facts/ say. The keys of `network`, `ebs`, `store` and `cores` are `PROFILE SIZE`. */
export interface Facts {
  /** With what `like=` names already in it. */
  readonly families: ReadonlyMap<string, Keys>;
  readonly types: ReadonlyMap<string, Keys>;
  readonly network: ReadonlyMap<string, TypeNetwork>;
  readonly ebs: ReadonlyMap<string, TypeEbs>;
  readonly store: ReadonlyMap<string, Disks>;
  readonly cores: ReadonlyMap<string, readonly number[]>;
  /** By type. */
  readonly accelerators: ReadonlyMap<string, TypeAccelerator>;
}

const unknown = '-';

function linesOf(name: string): string[][] {
  const text = readFileSync(join(import.meta.dirname, 'facts', `${name}.txt`), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => line.split(' '));
}

function number(word: string | undefined): number {
  const value = Number(word);
  if (word === undefined || word === '' || Number.isNaN(value)) {
    throw new Error(`"${word}" is not a number`);
  }
  return value;
}

/** A member that is left out where the file has `-`. */
const known = <Name extends string>(name: Name, word: string | undefined) =>
  (word === undefined || word === unknown ? {} : { [name]: number(word) }) as {
    [key in Name]?: number;
  };

/** `a/b`, or `a` for both. */
function pair(word: string | undefined): readonly [number, number] {
  const [base, most = base] = (word ?? '').split('/');
  return [number(base), number(most)];
}

function setOnce<Value>(map: Map<string, Value>, key: string, value: Value): void {
  if (map.has(key)) throw new Error(`two lines for ${key}`);
  map.set(key, value);
}

function table<Value>(name: string, read: (words: string[]) => Value): Map<string, Value> {
  const rows = new Map<string, Value>();
  for (const [profile, size, ...words] of linesOf(name)) {
    setOnce(rows, `${profile} ${size}`, read(words));
  }
  return rows;
}

const keysOf = (words: readonly string[]) =>
  new Map(
    words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );

/** Own keys instead of the inherited ones, but flags in addition to them. */
export function withKeys(inherited: Keys, own: Keys): Keys {
  const flags = [inherited.get('flags'), own.get('flags')].filter((list) => list !== undefined);
  return new Map([...inherited, ...own, ['flags', flags.join(',')]]);
}

function readFamilies(): Map<string, Keys> {
  const families = new Map<string, Keys>();
  const own = new Map(linesOf('families').map(([name, ...words]) => [name ?? '', keysOf(words)]));
  const resolve = (name: string): Keys => {
    const keys = own.get(name);
    if (!keys) throw new Error(`families.txt has no family ${name}`);
    const like = keys.get('like');
    return like === undefined ? keys : withKeys(resolve(like), keys);
  };
  for (const name of own.keys()) families.set(name, resolve(name));
  return families;
}

/** 12.5 for `12.5`; `33.33`, not `33.34`, for 33.333. */
const gigabits = (value: number) => `${Math.floor(value * 100 + 1e-6) / 100}`;

/** EC2's words for a bandwidth: `low-to-moderate` → `Low to Moderate`, 5 and 10 → `Up to 10 Gigabit`. */
function performanceOf(baseline: string, peak: string): string {
  if (/^[a-z]/.test(baseline)) {
    const words = baseline.split('-');
    return words
      .map((word) => (word === 'to' ? word : `${word[0]?.toUpperCase()}${word.slice(1)}`))
      .join(' ');
  }
  if (baseline.includes('x')) return `${baseline.replace('x', 'x ')} Gigabit`;
  const upTo = baseline === peak ? '' : 'Up to ';
  return `${upTo}${gigabits(number(peak))} Gigabit`;
}

/** `4x100` is 400; a word is no figure. */
function rateOf(word: string): number | undefined {
  if (word === unknown || /^[a-z]/.test(word)) return undefined;
  const [count, each] = word.split('x');
  return each === undefined ? number(word) : number(count) * number(each);
}

interface Whole {
  readonly performance: string;
  readonly baselineGbps: number | undefined;
  readonly peakGbps: number | undefined;
  readonly interfaces: number | undefined;
}

/** The cards share the whole evenly, but for a `card` that says what each has. */
function cardOf(whole: Whole, cards: number, card: string | undefined): NetworkCard {
  const gbps = card === undefined ? undefined : number(card);
  const baseline =
    gbps ?? (whole.baselineGbps === undefined ? undefined : whole.baselineGbps / cards);
  const peak = gbps ?? (whole.peakGbps === undefined ? undefined : whole.peakGbps / cards);
  return {
    performance: cards === 1 ? whole.performance : performanceOf(`${baseline}`, `${peak}`),
    ...(baseline === undefined ? {} : { baselineGbps: baseline }),
    ...(peak === undefined ? {} : { peakGbps: peak }),
    ...(whole.interfaces === undefined ? {} : { interfaces: whole.interfaces / cards }),
  };
}

function readNetwork(words: string[]): TypeNetwork {
  const [baseline = '', peak = '', interfaces, addresses, queueWord = unknown, ...options] = words;
  const [queues, queuesMax] = queueWord.split('/');
  const keys = keysOf(options.filter((option) => option.includes('=')));
  const cards = keys.get('cards') ?? '1';
  const whole = {
    performance: performanceOf(baseline, peak),
    baselineGbps: rateOf(baseline),
    peakGbps: rateOf(peak),
    interfaces: known('interfaces', interfaces).interfaces,
  };
  const alike = cards !== unknown && keys.get('card') !== unknown;
  return {
    performance: whole.performance,
    ...known('interfaces', interfaces),
    ...known('addressesPerInterface', addresses),
    ...known('cards', cards),
    ...(alike ? { card: cardOf(whole, number(cards), keys.get('card')) } : {}),
    ...known('queues', queues),
    ...known('queuesMax', queuesMax),
    efa: options.includes('efa'),
    srd: options.includes('srd'),
  };
}

function readEbs([bandwidth, iops, cards]: string[]): TypeEbs {
  const [baselineMbps, maximumMbps] = pair(bandwidth);
  const [baselineIops, maximumIops] = pair(iops);
  return {
    baselineMbps,
    maximumMbps,
    baselineIops,
    maximumIops,
    cards: number(cards?.replace('cards=', '') ?? '1'),
  };
}

function readDisks(words: string[]): Disks {
  const [count, sizeGB] = (words[0] ?? '').split('x');
  return { count: number(count), sizeGB: number(sizeGB) };
}

/** `1-4,8-24/4`: 1, 2, 3, 4, 8, 12, 16, 20 and 24. */
function readCores(words: readonly string[]): number[] {
  return (words[0] ?? '').split(',').flatMap((range) => {
    const [ends = '', step = '1'] = range.split('/');
    const [first, last] = ends.split('-').map(number);
    const cores: number[] = [];
    for (let core = first ?? 0; core <= (last ?? first ?? 0); core += number(step)) {
      cores.push(core);
    }
    return cores;
  });
}

const acceleratorKinds = ['gpu', 'fpga', 'inference', 'media', 'neuron'] as const;

function readAccelerator(words: string[]): TypeAccelerator {
  const [kindWord, amount = '', manufacturer = '', name = '', share] = words;
  const kind = acceleratorKinds.find((each) => each === kindWord);
  if (!kind) throw new Error(`"${kindWord}" is no kind of accelerator`);
  const [count, memoryMiB] = amount.split('x').map(number);
  return {
    kind,
    name: name.replaceAll('_', ' '),
    manufacturer,
    count: count ?? 0,
    memoryMiB: memoryMiB ?? 0,
    ...known('share', share),
  };
}

const byType = <Value>(name: string, read: (words: string[]) => Value) =>
  new Map(linesOf(name).map(([type = '', ...words]) => [type, read(words)]));

export function readFacts(): Facts {
  return {
    families: readFamilies(),
    types: byType('types', keysOf),
    network: table('network', readNetwork),
    ebs: table('ebs', readEbs),
    store: table('store', readDisks),
    cores: table('cores', readCores),
    accelerators: byType('accelerators', readAccelerator),
  };
}
