import { scratchLayout, turnBytes } from './scratch-layout.ts';
import {
  add,
  advance,
  and,
  type Code,
  get,
  load,
  loadSplat,
  loopWhileBelow,
  or,
  rotateRight,
  set,
  shiftRight,
  shuffle,
  store,
  xor,
} from './wasm-code.ts';
import { wasmModule } from './wasm-module.ts';

/** Parameters: the scratch memory, where the four messages are, and where the first of them ends. */
const scratch = 0;
const message = (lane: number) => 1 + lane;
const end = 5;
const parameterCount = 6;
/** Variables: the last sixteen words of the schedule, SHA-256's a to h, and passing ones. */
const word = (number: number) => parameterCount + (number & 15);
const stateWord = (number: number) => parameterCount + 16 + (number & 7);
const row = (lane: number) => parameterCount + 24 + lane;
const pairs = (number: number) => parameterCount + 28 + number;
const sum = parameterCount + 32;
const vectorCount = 33;

const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

/**
 * SHA-256 (FIPS 180-4) of four messages side by side, which a processor without instructions for SHA-256 does
 * in three fifths of the time: `run(scratch, message0, message1, message2, message3, end)`.
 */
export function fourLaneModule(): Uint8Array {
  const saved = (number: number) => ({
    pointer: scratch,
    offset: scratchLayout.state + 16 * number,
  });
  const begin = upTo(8).flatMap((number) => set(stateWord(number), load(saved(number))));
  const turn = [
    ...upTo(4).flatMap(loadWords),
    ...upTo(64).flatMap(round),
    ...upTo(8).flatMap((number) => [
      ...set(stateWord(number), add(get(stateWord(number)), load(saved(number)))),
      ...store(saved(number), get(stateWord(number))),
    ]),
    ...upTo(4).flatMap((lane) => advance(message(lane), turnBytes)),
  ];
  const body = [...begin, ...loopWhileBelow(turn, message(0), end)];
  return wasmModule({ parameterCount, vectorCount, body });
}

const bigEndian = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];
const firstNumbers = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
const firstPair = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const second = (order: readonly number[]) => order.map((byte) => byte + 8);

/** Four words of each message: a vector of one message becomes a vector of one word. */
function loadWords(quarter: number): Code {
  const loadRow = (lane: number) => {
    const bytes = load({ pointer: message(lane), offset: 16 * quarter });
    return set(row(lane), shuffle(bytes, bytes, bigEndian));
  };
  const pairUp = (number: number) => {
    const order = number < 2 ? firstNumbers : second(firstNumbers);
    const lane = 2 * (number & 1);
    return set(pairs(number), shuffle(get(row(lane)), get(row(lane + 1)), order));
  };
  const finish = (number: number) => {
    const order = number & 1 ? second(firstPair) : firstPair;
    const from = number & 2;
    const both = shuffle(get(pairs(from)), get(pairs(from + 1)), order);
    return set(word(4 * quarter + number), both);
  };
  return [...upTo(4).flatMap(loadRow), ...upTo(4).flatMap(pairUp), ...upTo(4).flatMap(finish)];
}

/** Instead of moving a to h on by one, each round calls them by other names. */
function round(number: number): Code {
  const letter = (position: number) => stateWord(position - number);
  const [a, b, c] = [get(letter(0)), get(letter(1)), get(letter(2))];
  const [e, f, g] = [get(letter(4)), get(letter(5)), get(letter(6))];
  const [d, h] = [letter(3), letter(7)];
  const constant = loadSplat({
    pointer: scratch,
    offset: scratchLayout.constants + 4 * number,
  });
  const choice = xor(g, and(e, xor(f, g)));
  const majority = or(and(a, b), and(c, or(a, b)));
  return [
    ...(number < 16 ? [] : extend(number)),
    ...set(sum, add(get(word(number)), constant, get(h), choice, bigSigma(e, [6, 11, 25]))),
    ...set(d, add(get(d), get(sum))),
    ...set(h, add(majority, get(sum), bigSigma(a, [2, 13, 22]))),
  ];
}

/** The schedule's next word, in the place of the one sixteen before it. */
function extend(number: number): Code {
  const before = (distance: number) => get(word(number - distance));
  const early = smallSigma(before(15), [7, 18, 3]);
  const late = smallSigma(before(2), [17, 19, 10]);
  return set(word(number), add(before(16), early, before(7), late));
}

type Three = readonly [number, number, number];

function bigSigma(value: Code, [one, two, three]: Three): Code {
  return xor(rotateRight(value, one), rotateRight(value, two), rotateRight(value, three));
}

function smallSigma(value: Code, [one, two, shifted]: Three): Code {
  return xor(rotateRight(value, one), rotateRight(value, two), shiftRight(value, shifted));
}
