import { mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { endProcess } from './end-process.ts';
import { readProcess } from './processes.ts';
import { logTail, spawnDetached } from './spawn-detached.ts';

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-detached-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return await realpath(folder);
}

test('it runs in a session and folder of its own, and its end is reported', async () => {
  const cwd = await aFolder();
  const log = { path: join(cwd, 'log'), keep: false };
  const { process, ended } = await spawnDetached({
    name: 'waiter',
    argv: ['sleep', '3607'],
    cwd,
    log,
  });
  if (process === undefined) throw new Error('it ended at once');
  expect(await readProcess(process.pid)).toMatchObject({ argv: ['sleep', '3607'], cwd });
  const fields = (await readFile(`/proc/${process.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ');
  expect(fields?.[3]).toBe(String(process.pid));
  await endProcess(process, { what: 'waiter', clock: systemClock, graceMs: 10_000 });
  expect(await ended).toBe('ended by SIGTERM');
});

test('its output goes to a private log, which is kept or begun again', async () => {
  const folder = await aFolder();
  const path = join(folder, 'log');
  for (const keep of [true, true]) {
    const argv = ['sh', '-c', 'echo line; exit 3'];
    const { ended } = await spawnDetached({ name: 'it', argv, log: { path, keep } });
    expect(await ended).toBe('exit status 3');
  }
  expect(await logTail(path)).toBe('line\nline');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const argv = ['sh', '-c', 'echo other >&2'];
  await (await spawnDetached({ name: 'it', argv, log: { path, keep: false } })).ended;
  expect(await logTail(path)).toBe('other');
  expect(await logTail(join(folder, 'none'))).toBe('');
});

test('a program that cannot be started is an error that names it', async () => {
  const log = { path: join(await aFolder(), 'log'), keep: false };
  await expect(spawnDetached({ name: 'helper', argv: ['/no/program'], log })).rejects.toThrow(
    'cannot start the helper: /no/program is not installed',
  );
});
