import { expect, test } from 'vitest';
import { asRoot, checkNamespaces } from './as-root.ts';

test('root keeps its user ids; another user maps them in a user namespace', () => {
  expect(asRoot(0, ['true'])).not.toContain('--user');
  expect(asRoot(1000, ['true'])).toContain('--map-auto');
});

test('the command comes last, after the end of the options', () => {
  expect(asRoot(1000, ['rm', '-rf', 'x']).slice(-4)).toEqual(['--', 'rm', '-rf', 'x']);
});

test.each([
  [0, /CAP_SYS_ADMIN.*: not permitted$/],
  [1000, /uidmap.*\/etc\/subuid.*: not permitted$/],
])('a host without namespaces is refused with instructions (user %i)', async (userId, message) => {
  const run = () => Promise.reject(new Error('not permitted'));
  await expect(checkNamespaces(userId, run)).rejects.toThrow(message);
});
