/** Bytes of WebAssembly: here, an expression or a statement, whose operands come before it. */
export type Code = readonly number[];

/** The number of a parameter or a local variable. */
export type Local = number;

/** LEB128, as WebAssembly writes counts, offsets and numbers of instructions. */
export function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/** The same for constants: their top bit is a sign, and none here is negative. */
function signed(value: number): Code {
  return value < 64 ? [value] : [(value & 127) | 128, ...signed(value >>> 7)];
}

const simd = (operation: number): Code => [0xfd, ...unsigned(operation)];
const constant = (value: number): Code => [0x41, ...signed(value)];

export const get = (local: Local): Code => [0x20, ...unsigned(local)];
export const set = (local: Local, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const advance = (pointer: Local, bytes: number): Code =>
  set(pointer, [...get(pointer), ...constant(bytes), 0x6a]);

/** Runs the body again while `pointer` is below `end`. */
export const loopWhileBelow = (body: Code, pointer: Local, end: Local): Code => {
  const isBelow = [...get(pointer), ...get(end), 0x49];
  return [0x03, 0x40, ...body, ...isBelow, 0x0d, 0, 0x0b];
};

type Address = { readonly pointer: Local; readonly offset: number };
/** No alignment is promised: it would be a hint only. */
const access = (operation: number, offset: number): Code => [
  ...simd(operation),
  0,
  ...unsigned(offset),
];

/** Vectors are of four 32-bit numbers. */
export const load = ({ pointer, offset }: Address): Code => [...get(pointer), ...access(0, offset)];
export const store = ({ pointer, offset }: Address, value: Code): Code => [
  ...get(pointer),
  ...value,
  ...access(11, offset),
];
/** One number in memory, four times. */
export const loadSplat = ({ pointer, offset }: Address): Code => [
  ...get(pointer),
  ...access(9, offset),
];

/** The bytes of two vectors (0 to 15, and 16 to 31) in another order. */
export const shuffle = (left: Code, right: Code, order: readonly number[]): Code => [
  ...left,
  ...right,
  ...simd(13),
  ...order,
];

const binary =
  (operation: number) =>
  (...operands: readonly Code[]): Code =>
    operands.flatMap((operand, at) => (at === 0 ? operand : [...operand, ...simd(operation)]));
export const and = binary(78);
export const or = binary(80);
export const xor = binary(81);
export const add = binary(174);

const shift = (operation: number) => (value: Code, bits: number) => [
  ...value,
  ...constant(bits),
  ...simd(operation),
];
const shiftLeft = shift(171);
export const shiftRight = shift(173);
export const rotateRight = (value: Code, bits: number): Code =>
  or(shiftRight(value, bits), shiftLeft(value, 32 - bits));
