import { expect, test } from 'vitest';
import { joinNamespacesCommand, makeNamespacesCommand } from './plan-user-namespace.ts';

test('the program comes last, after the owner', () => {
  const made = makeNamespacesCommand('/data of mine', ['node', 'server.ts']);
  expect(made.slice(-4)).toEqual(['sh', '/data of mine', 'node', 'server.ts']);
  expect(made).toEqual(expect.arrayContaining(['--user', '--map-auto', '--mount']));
  // Guests are reached from the host, whose network the server keeps.
  expect(made).not.toContain('--net');
});

test('who joins keeps groups of the host, and goes where it was', () => {
  const joined = joinNamespacesCommand(7, { at: '/home/me', argv: ['node', 'x'] });
  expect(joined).toEqual(expect.arrayContaining(['--preserve-credentials', '--target', '7']));
  expect(joined.slice(-3)).toEqual(['/home/me', 'node', 'x']);
});
