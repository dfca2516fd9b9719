import vm from 'node:vm';
import { afterEach, expect, test, vi } from 'vitest';
import { checkAllowedPattern } from './allowed-pattern.ts';

afterEach(() => vi.restoreAllMocks());

function late(): never {
  throw Object.assign(new Error('late'), { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' });
}

test.each([
  ['^\\d+$', '15', undefined],
  ['^\\d+$', 'x', 'ParameterPatternMismatchException'],
  ['(', 'x', 'InvalidAllowedPatternException'],
  ['a'.repeat(1025), 'x', 'InvalidAllowedPatternException'],
  ['^(a+)+$', `${'a'.repeat(60)}b`, 'InvalidAllowedPatternException'],
])('the pattern %s, the value %s: %s', (pattern, value, code) => {
  const check = () => checkAllowedPattern(pattern, value);
  if (code === undefined) expect(check).not.toThrow();
  else expect(check).toThrow(expect.objectContaining({ code }));
});

test("a failure that is not the pattern's is not taken for a slow pattern", () => {
  vi.spyOn(vm, 'runInNewContext').mockImplementationOnce(() => {
    throw new RangeError('no memory');
  });
  expect(() => checkAllowedPattern('a', 'a')).toThrow('no memory');
});

test.each([
  ['a', undefined],
  ['b', 'ParameterPatternMismatchException'],
])('two pauses of the host do not change what is said of the value %s', (value, code) => {
  vi.spyOn(vm, 'runInNewContext')
    .mockImplementationOnce(late)
    .mockImplementationOnce(late)
    // Not the real one: on a busy host that may be late, too.
    .mockReturnValueOnce(value === 'a');
  const check = () => checkAllowedPattern('a', value);
  if (code === undefined) expect(check).not.toThrow();
  else expect(check).toThrow(expect.objectContaining({ code }));
});

test('a slow pattern is tried three times, for 20 ms each', () => {
  const run = vi.spyOn(vm, 'runInNewContext');
  const check = () => checkAllowedPattern('^(a+)+$', `${'a'.repeat(60)}b`);
  expect(check).toThrow('takes too long');
  expect(run.mock.calls.map(([, , options]) => options)).toEqual(
    Array.from({ length: 3 }, () => ({ timeout: 20 })),
  );
});
