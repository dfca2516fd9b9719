import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { outputOf, runClient, type ServerProcess } from './server-process.ts';

const end = async () => {};
const server: ServerProcess = { url: '', pid: 0, data: tmpdir(), stop: end, kill: end };

const unended = [
  ['is missing', ['/no/such/program'], /ENOENT/],
  ['takes too long', ['/bin/sleep', '60'], /^killed after 200 ms$/],
] as const;

test.each(unended)('the outcome says that a client %s', async (_, command, reason) => {
  const { code, stderr } = await runClient(server, command, { limitMs: 200 });
  expect(code).toBeLessThan(0);
  expect(stderr).toMatch(reason);
});

test('the outcome says that a client is ended by a signal', async () => {
  const { code, stderr } = await runClient(server, ['/bin/sh', '-c', 'kill -KILL $$']);
  expect(code).toBeLessThan(0);
  expect(stderr).toMatch(/^ended by SIGKILL$/);
});

const failing = ['/bin/sh', '-c', 'echo out; echo bad >&2; exit 3'];

test('the outcome of a client that ended by itself has its own words only', async () => {
  // More than a pipe holds, and the client does not read it.
  const input = 'x'.repeat(1_000_000);
  expect(await runClient(server, failing, { input })).toEqual({
    code: 3,
    stdout: 'out\n',
    stderr: 'bad\n',
  });
});

test('a client that must succeed and fails is reported with its output', async () => {
  await expect(outputOf(server, failing)).rejects.toThrow(/exit 3 failed \(3\): out\nbad\n$/);
  expect(await outputOf(server, ['/bin/echo', 'done'])).toBe('done\n');
});
