/** One place of a pattern: a certain character, any one character, or any text. */
type Part =
  | { readonly kind: 'character'; readonly value: string }
  | { readonly kind: 'one' | 'any' };

/** Without regular expressions, which take twenty times as long: a request may have 200 long patterns. */
function partsOf(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  let isEscaped = false;
  for (const value of pattern) {
    if (!isEscaped && value === '\\') {
      isEscaped = true;
      continue;
    }
    if (isEscaped || !'*?'.includes(value)) parts.push({ kind: 'character', value });
    else if (value === '?') parts.push({ kind: 'one' });
    else if (parts.at(-1)?.kind !== 'any') parts.push({ kind: 'any' });
    isEscaped = false;
  }
  if (isEscaped) parts.push({ kind: 'character', value: '\\' });
  return parts;
}

/** True when a filter's value is a pattern and not plain text. */
export function isWildcard(pattern: string): boolean {
  return /[*?\\]/.test(pattern);
}

/** The text that every value begins with that the pattern, or the plain text, matches. */
export function literalPrefix(pattern: string): string {
  const [literal = ''] = /^(?:\\.|[^*?\\]|\\$)*/su.exec(pattern) ?? [];
  return literal.replace(/\\(.)/gsu, '$1');
}

/** Counts the steps that matching takes. */
interface StepCounter {
  spend(steps: number): void;
}

/** Whether the whole value is as the pattern says. */
export type WildcardMatcher = (value: string, work: StepCounter) => boolean;

const wordBits = 32;

/**
 * `*` is any text, `?` one character, `\` takes the meaning from what follows. Bit i of the state says that the first i
 * characters of the pattern match what was read so far, so a character of the value is one step for each 32 characters of the
 * pattern, whatever both are (the "shift-and" method of Baeza-Yates and Gonnet).
 */
export function wildcardMatcher(pattern: string): WildcardMatcher {
  let compiled: Compiled | undefined;
  return (value, work) => {
    if (!compiled) {
      compiled = compile(pattern);
      work.spend(pattern.length * stepsToCompile);
    }
    const { masks, state, words, length } = compiled;
    state.fill(0);
    state[0] = 1;
    let isAlive = true;
    let steps = words;
    for (const character of value) {
      steps += words;
      isAlive = advance(state, masks.accepts.get(character) ?? masks.acceptsAny, masks.loops);
      if (!isAlive) break;
    }
    work.spend(steps);
    return isAlive && hasBit(state, length);
  };
}

interface Masks {
  /** For a character, the states that it takes to the next one. */
  readonly accepts: ReadonlyMap<string, Uint32Array>;
  /** The same for characters that the pattern does not name. */
  readonly acceptsAny: Uint32Array;
  /** The states that any character leaves as they are: a `*` follows. */
  readonly loops: Uint32Array;
}

interface Compiled {
  readonly masks: Masks;
  /** Of one comparison at a time. */
  readonly state: Uint32Array;
  readonly words: number;
  /** How many characters the pattern's places take. */
  readonly length: number;
}

/** What compiling a character of a pattern costs, in steps of a comparison. */
const stepsToCompile = 30;

function compile(pattern: string): Compiled {
  const parts = partsOf(pattern);
  const places = parts.filter(({ kind }) => kind !== 'any');
  const words = Math.floor(places.length / wordBits) + 1;
  const masks = masksOf(parts, places, words);
  return { masks, state: new Uint32Array(words), words, length: places.length };
}

function masksOf(parts: readonly Part[], places: readonly Part[], words: number): Masks {
  const acceptsAny = new Uint32Array(words);
  places.forEach(({ kind }, place) => {
    if (kind === 'one') setBit(acceptsAny, place);
  });
  const accepts = new Map<string, Uint32Array>();
  places.forEach((part, place) => {
    if (part.kind !== 'character') return;
    const mask = accepts.get(part.value) ?? acceptsAny.slice();
    setBit(mask, place);
    accepts.set(part.value, mask);
  });
  const loops = new Uint32Array(words);
  let place = 0;
  for (const { kind } of parts) {
    if (kind === 'any') setBit(loops, place);
    else place += 1;
  }
  return { accepts, acceptsAny, loops };
}

/** Reads one character; false when no state is left. */
function advance(state: Uint32Array, accepts: Uint32Array, loops: Uint32Array): boolean {
  let carried = 0;
  let left = 0;
  for (let word = 0; word < state.length; word += 1) {
    const before = state[word] ?? 0;
    const moved = before & (accepts[word] ?? 0);
    const after = (moved << 1) | carried | (before & (loops[word] ?? 0));
    carried = moved >>> (wordBits - 1);
    state[word] = after;
    left |= after;
  }
  return left !== 0;
}

function setBit(words: Uint32Array, bit: number): void {
  const word = Math.floor(bit / wordBits);
  words[word] = (words[word] ?? 0) | (1 << (bit % wordBits));
}

function hasBit(words: Uint32Array, bit: number): boolean {
  return (((words[Math.floor(bit / wordBits)] ?? 0) >>> (bit % wordBits)) & 1) === 1;
}
