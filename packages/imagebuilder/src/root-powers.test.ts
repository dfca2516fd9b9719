import { expect, test } from 'vitest';
import { asRoot } from './root-powers.ts';

test('root keeps its user ids; anybody else gets them in a user namespace', () => {
  expect(asRoot(0, ['true'])).not.toContain('--user');
  expect(asRoot(1000, ['true'])).toContain('--map-auto');
});

test('what is run comes last, behind the end of the options', () => {
  expect(asRoot(1000, ['rm', '-rf', 'x']).slice(-4)).toEqual(['--', 'rm', '-rf', 'x']);
});
