import { expect, test } from 'vitest';
import { checkCapabilities } from './check-host.ts';
import { NetworkPrivilegeError } from './network-errors.ts';

test.each([
  ['all rights', '000001ffffffffff', true],
  ['just the two', '0000000000201000', true],
  ['none', '0000000000000000', false],
  ['network rights alone', '0000000000001000', false],
])('a process with %s', (_, capabilities, isEnough) => {
  const check = () => checkCapabilities(`Name:\tnode\nCapEff:\t${capabilities}\nCapBnd:\t0\n`);
  if (isEnough) expect(check).not.toThrow();
  else expect(check).toThrow(NetworkPrivilegeError);
});

test('the error names the ways out', () => {
  expect(() => checkCapabilities('')).toThrow(/root.*--compute simulated/);
});
