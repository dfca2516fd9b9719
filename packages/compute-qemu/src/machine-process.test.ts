import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { killProcess, untilGone } from './machine-process.ts';

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-process-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('a process that has the number of a machine and is none is left alone, and the machine gone', async () => {
  const [mine, other] = [await aFolder(), await aFolder()];
  const child = spawn('cat', { cwd: mine, stdio: ['pipe', 'ignore', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  await killProcess(pid, other);
  await untilGone(pid, { folder: other, clock: systemClock, timeoutMs: 1_000 });
  const wait = { folder: mine, clock: systemClock, timeoutMs: 50 };
  await expect(untilGone(pid, wait)).rejects.toThrow(`process ${pid}, is still there`);
  const exited = once(child, 'exit');
  await killProcess(pid, mine);
  expect(await exited).toEqual([null, 'SIGKILL']);
  await untilGone(pid, wait);
});
