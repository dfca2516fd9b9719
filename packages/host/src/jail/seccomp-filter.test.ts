import { expect, test } from 'vitest';
import { JailError } from './jail-error.ts';
import { seccompFilter } from './seccomp-filter.ts';
import { systemCalls } from './system-calls.ts';

/** Runs the program as the kernel does: the four kinds of instruction that it has. */
function verdict(program: Uint8Array, data: readonly [offset: number, value: number][]): number {
  const view = new DataView(program.buffer);
  const memory = new Map(data);
  let accumulator = 0;
  for (let at = 0; ; at += 1) {
    const code = view.getUint16(at * 8, true);
    const operand = view.getUint32(at * 8 + 4, true);
    const tests: Readonly<Record<number, boolean>> = {
      21: accumulator === operand,
      37: accumulator > operand,
      69: (accumulator & operand) !== 0,
    };
    const isTrue = tests[code];
    if (code === 6) return operand;
    if (code === 32) accumulator = memory.get(operand) ?? 0;
    else if (isTrue === undefined) throw new Error(`unknown instruction ${code}`);
    else at += view.getUint8(at * 8 + (isTrue ? 2 : 3));
  }
}

const allowed = 0x7fff_0000;
const refused = 0x0005_0001;

test.each(Object.entries(systemCalls))('on %s', (architecture, calls) => {
  const program = seccompFilter(architecture);
  const call = (number: number, argument = 0) =>
    verdict(program, [
      [4, calls.auditArchitecture],
      [0, number],
      [16, argument],
    ]);
  for (const number of Object.values(calls.refused)) expect(call(number)).toBe(refused);
  // A thread, a process, and processes in namespaces of their own.
  expect(call(calls.clone, 0x3d_0f00)).toBe(allowed);
  expect(call(calls.clone, 17)).toBe(allowed);
  for (const flag of [0x0002_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000]) {
    expect(call(calls.clone, flag | 17)).toBe(refused);
  }
  expect(call(calls.clone3)).toBe(0x0005_0026);
  expect(call(0)).toBe(allowed);
  expect(verdict(program, [[4, 1]])).toBe(0x8000_0000);
});

test('calls by the names of x32 do not exist', () => {
  const x64 = systemCalls.x64?.auditArchitecture ?? 0;
  expect(
    verdict(seccompFilter('x64'), [
      [4, x64],
      [0, 0x4000_0000],
    ]),
  ).toBe(0x0005_0026);
});

test('an architecture without a table has no jail', () => {
  expect(() => seccompFilter('riscv64')).toThrow(JailError);
});
