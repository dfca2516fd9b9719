import { expect, test } from 'vitest';
import type { CommandRunner } from './command-runner.ts';
import { asRoot, requireRootPowers } from './root-powers.ts';

test('root keeps its user ids; anybody else gets them in a user namespace', () => {
  expect(asRoot(0, ['true'])).not.toContain('--user');
  expect(asRoot(1000, ['true'])).toContain('--map-auto');
});

test('what is run comes last, behind the end of the options', () => {
  expect(asRoot(1000, ['rm', '-rf', 'x']).slice(-4)).toEqual(['--', 'rm', '-rf', 'x']);
});

test.each([
  [0, /CAP_SYS_ADMIN.*: not permitted$/],
  [1000, /uidmap.*\/etc\/subuid.*: not permitted$/],
])('a machine that forbids it is refused with the way out (user %i)', async (userId, message) => {
  const runner: CommandRunner = { run: () => Promise.reject(new Error('not permitted')) };
  await expect(requireRootPowers(userId, runner)).rejects.toThrow(message);
});
