import { expect, test } from 'vitest';
import { CommandFailedError, hostCommandRunner } from './command-runner.ts';

test('answers standard output and passes on every line', async () => {
  const lines: string[] = [];
  const output = await hostCommandRunner.run({
    argv: ['sh', '-c', 'echo out; echo err >&2'],
    onLine: (line) => lines.push(line),
  });
  expect(output).toBe('out\n');
  expect(lines.sort()).toEqual(['err', 'out']);
});

test('a failure names the program, how it ended, and what it said last', async () => {
  const running = hostCommandRunner.run({ argv: ['sh', '-c', 'echo no such mirror; exit 3'] });
  await expect(running).rejects.toThrow(CommandFailedError);
  await expect(running).rejects.toThrow(/sh ended with 3:\nno such mirror/);
});

test('a program that is not there is a failure that says so', async () => {
  const running = hostCommandRunner.run({ argv: ['/nonexistent/program'] });
  await expect(running).rejects.toThrow(/cannot be started/);
});

test('an abort ends the whole process group, and rejects with its reason', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const running = hostCommandRunner.run({
    argv: ['sh', '-c', 'sleep 600 & echo started; wait'],
    signal: controller.signal,
    onLine: () => controller.abort(reason),
  });
  await expect(running).rejects.toBe(reason);
});
