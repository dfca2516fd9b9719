import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@bakehouse/base';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { exists } from './files.ts';
import { describeAction, performAction } from './host-action.ts';
import { findProcess, isAlive } from './processes.ts';
import { runCommand } from './run-command.ts';

const parts = { clock: systemClock };

test('an action is described as a command, and performed without reading that description', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-action-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "a folder; touch 'b'");
  await mkdir(path);
  await writeFile(join(path, 'file'), '');
  const remove = { kind: 'remove', path } as const;
  expect(describeAction(remove)).toBe(`rm -r '${folder}/a folder; touch '\\''b'\\'''`);
  await performAction(remove, parts);
  await performAction(remove, parts);
  expect(await exists(path)).toBe(false);
  const run = { kind: 'run', argv: ['mkdir', path] } as const;
  await performAction(run, parts);
  expect(await exists(path)).toBe(true);
  await expect(performAction(run, parts)).rejects.toThrow('File exists');
});

test('a process is ended', async () => {
  const child = spawn('tail', ['-f', '/dev/null'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  const process = await findProcess(child.pid ?? 0);
  if (process === undefined) throw new Error('tail ended at once');
  const end = { kind: 'end', process, what: 'tail' } as const;
  expect(describeAction(end)).toBe(`kill ${process.pid}`);
  await performAction(end, parts);
  expect(await isAlive(process)).toBe(false);
});

test('a shell reads a description as the words of the action', async () => {
  const unit = fc.constantFrom(...'aé \'"$`\\;&|<>(){}*?[]~#!-=\n\t');
  const words = fc.sample(fc.string({ unit }), 200);
  const line = describeAction({ kind: 'run', argv: ['printf', '%s\\0', ...words] });
  const printed = await runCommand(['sh', '-c', line], { timeoutMs: 20_000 });
  expect(printed.split('\0').slice(0, -1)).toEqual(words);
});
