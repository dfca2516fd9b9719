import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findProcesses } from './processes.ts';
import { CommandError, runCommand } from './run-command.ts';

const limit = { timeoutMs: 20_000 };
const sh = (script: string) => ['sh', '-c', script];

async function failureOf(running: Promise<string>): Promise<CommandError> {
  const error = await running.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof CommandError) return error;
  throw new Error(`not a CommandError: ${error}`);
}

test('returns standard output, passes input on, and reports every line', async () => {
  const lines: string[] = [];
  const onLine = (line: string) => void lines.push(line);
  const options = { ...limit, input: 'given', onLine };
  expect(await runCommand(sh('cat; echo; echo error >&2'), options)).toBe('given\n');
  expect(lines.sort()).toEqual(['error', 'given']);
});

test('input that the program does not read is no failure', async () => {
  expect(await runCommand(['true'], { ...limit, input: 'x'.repeat(1_000_000) })).toBe('');
});

test('a failure has the exit status and what was written last', async () => {
  const error = await failureOf(
    runCommand(sh('echo ignored; echo no such mirror >&2; exit 3'), limit),
  );
  expect(error.failure).toEqual({ kind: 'exited', code: 3 });
  expect(error.output).toBe('no such mirror');
  expect(error.message).toMatch(/^sh -c .* failed with exit status 3: no such mirror$/);
  expect((await failureOf(runCommand(sh('echo why; exit 1'), limit))).output).toBe('why');
});

test('a signal that ended the program is named', async () => {
  const error = await failureOf(runCommand(sh('kill -9 $$'), limit));
  expect(error.failure).toEqual({ kind: 'killed', signal: 'SIGKILL' });
});

test('a program that is not installed names its package; one that cannot be run says why', async () => {
  const missing = await failureOf(runCommand(['/nonexistent/program'], limit));
  expect([missing.failure.kind, missing.message]).toEqual([
    'not-installed',
    '/nonexistent/program is not installed',
  ]);
  const folder = await failureOf(runCommand(['/tmp'], limit));
  expect(folder.failure.kind).toBe('not-started');
  expect(folder.message).toContain('EACCES');
});

test('the time limit kills the program and its children', async () => {
  const error = await failureOf(runCommand(sh('sleep 3605 & wait'), { timeoutMs: 200 }));
  expect(error.failure).toEqual({ kind: 'timeout', timeoutMs: 200 });
  expect(await findProcesses(({ argv }) => argv[1] === '3605')).toEqual([]);
});

test('an abort kills the program and its children, and rejects with its reason', async () => {
  const abort = new AbortController();
  const reason = new Error('enough');
  const running = runCommand(sh('sleep 3606 & echo started; wait'), {
    ...limit,
    signal: abort.signal,
    onLine: () => abort.abort(reason),
  });
  await expect(running).rejects.toBe(reason);
  expect(await findProcesses(({ argv }) => argv[1] === '3606')).toEqual([]);
  await expect(runCommand(['true'], { ...limit, signal: abort.signal })).rejects.toBe(reason);
});

test('output is bounded', async () => {
  const error = await failureOf(runCommand(['yes'], { ...limit, outputBytesMax: 1000 }));
  expect(error.failure).toEqual({ kind: 'too-much-output', bytesMax: 1000 });
  expect(error.message.length).toBeLessThan(10_000);
});

test('secrets and credentials of URLs are in no error', async () => {
  const script = 'echo hunter2 http://me:pw@mirror/debian >&2; exit 1; echo hunter2';
  const { message, output } = await failureOf(
    runCommand(sh(script), { ...limit, secrets: ['hunter2', ''] }),
  );
  expect(`${message}${output}`).not.toMatch(/hunter2|me:pw/);
  expect(output).toBe('*** http://***@mirror/debian');
});

test('what a program makes is for its owner alone, and it sees a minimal environment', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-command-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'made');
  const environment = { MADE: path };
  const variables = await runCommand(sh('touch "$MADE"; env'), { ...limit, environment });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const names = variables.split('\n').map((line) => line.split('=')[0]);
  expect(
    names.filter((name) => !['PWD', '_', 'SHLVL', 'OLDPWD', ''].includes(name ?? '')).sort(),
  ).toEqual(['LC_ALL', 'MADE', 'PATH']);
});
