import { withKeys } from './read-facts.ts';

const kinds = ['nitro', 'graviton', 'xen', 'old', 'mac'] as const;
const flagNames =
  'current hosts spot hibernation transit tpm enclaves weights phc recovery uefi v6'.split(' ');

/** One type with the keys of its family and its own. */
export interface Subject {
  readonly name: string;
  readonly family: string;
  /** `2xlarge`, `metal`, `metal-24xl`. */
  readonly size: string;
  /** For bare metal: the size with whose figures it agrees; else `size`. */
  readonly equalSize: string;
  readonly bareMetal: boolean;
  readonly kind: (typeof kinds)[number];
  key(name: string): string | undefined;
  /** What the facts say, or `otherwise` if they do not; undefined: not public. */
  flag(name: string, otherwise?: boolean): boolean | undefined;
}

export const familyOf = (name: string) => name.slice(0, name.indexOf('.'));

type Keys = ReadonlyMap<string, string>;

/** The last word on each flag counts. */
function readFlags(list: string): ReadonlyMap<string, boolean | undefined> {
  const flags = new Map<string, boolean | undefined>();
  for (const word of list.split(',').filter((each) => each !== '')) {
    const name = word.slice(1);
    if (!flagNames.includes(name)) throw new Error(`no flag is named "${word}"`);
    flags.set(name, word.startsWith('?') ? undefined : word.startsWith('+'));
  }
  return flags;
}

function equalSizeOf(size: string, metal: string | undefined): string {
  const numbered = /^metal-(\d+)xl$/.exec(size)?.[1];
  if (numbered !== undefined) return `${numbered}xlarge`;
  return size === 'metal' ? (metal ?? size) : size;
}

export function subjectOf(name: string, family: Keys, own: Keys = new Map()): Subject {
  // A type's memory is in MiB, a family's in GiB for each virtual CPU.
  const memory = own.get('memory');
  const exact = memory === undefined ? own : new Map([...own, ['memoryMiB', memory] as const]);
  const keys = withKeys(family, exact);
  const kind = kinds.find((each) => each === keys.get('kind'));
  if (!kind) throw new Error(`${name} has no kind`);
  const flags = readFlags(keys.get('flags') ?? '');
  const size = name.slice(name.indexOf('.') + 1);
  return {
    name,
    family: familyOf(name),
    size,
    equalSize: equalSizeOf(size, keys.get('metal')),
    bareMetal: size.startsWith('metal'),
    kind,
    key: (key) => keys.get(key),
    flag: (flag, otherwise) => (flags.has(flag) ? flags.get(flag) : otherwise),
  };
}

const rank = (size: string) => (size.endsWith('xlarge') ? Number.parseInt(size, 10) || 1 : 0);

/** Whether a size is at most `most`; below xlarge all are alike. */
export const withinSize = (size: string, most: string) => rank(size) <= rank(most);
