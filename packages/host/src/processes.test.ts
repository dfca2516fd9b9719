import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { endProcess, signalProcess, waitForEnd } from './end-process.ts';
import { ownStamp, stampedProcess, stampOf } from './process-stamp.ts';
import {
  findProcess,
  findProcesses,
  type HostProcess,
  isAlive,
  namespaceOf,
  readProcess,
  residentBytes,
} from './processes.ts';

const clock = systemClock;

/** A process that runs until it is ended, with this argument to know it by. */
async function started(argv: readonly string[]): Promise<HostProcess> {
  const [program = '', ...args] = argv;
  const cwd = await mkdtemp(join(tmpdir(), 'bakehouse-process-'));
  const child = spawn(program, args, { cwd, stdio: ['pipe', 'ignore', 'ignore'] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await rm(cwd, { recursive: true });
  });
  await once(child, 'spawn');
  const found = await findProcess(child.pid ?? 0);
  if (found === undefined) throw new Error(`${program} ended at once`);
  return found;
}

const waiting = (name: string) => started(['tail', '-f', '/dev/null', '--pid', '1', '-s', name]);

test('a process is found by its arguments, with its folder', async () => {
  const mine = await waiting('3600.25');
  const found = await findProcesses(({ argv }) => argv.includes('3600.25'));
  expect(found).toMatchObject([
    { ...mine, argv: ['tail', '-f', '/dev/null', '--pid', '1', '-s', '3600.25'] },
  ]);
  expect(found[0]?.cwd).toContain('bakehouse-process-');
  expect(await readProcess(mine.pid)).toEqual(found[0]);
  expect(await residentBytes(mine)).toBeGreaterThan(0);
  expect(await namespaceOf(mine.pid, 'net')).toBe(await namespaceOf('self', 'net'));
});

test('a process that got the id of another is not that one', async () => {
  const mine = await waiting('3601');
  const other = { ...mine, startTicks: '1' };
  expect([await isAlive(mine), await isAlive(other)]).toEqual([true, false]);
  expect(await signalProcess(other, 'SIGKILL')).toBe(false);
  await endProcess(other, { what: 'it', clock, graceMs: 0 });
  expect(await isAlive(mine)).toBe(true);
});

test('a process is asked first and killed when it does not obey', async () => {
  const obedient = await waiting('3602');
  await endProcess(obedient, { what: 'it', clock, graceMs: 60_000 });
  expect(await isAlive(obedient)).toBe(false);
  const deaf = await started(['sh', '-c', 'trap "" TERM; echo; while :; do read line; done']);
  expect(await waitForEnd(deaf, { clock, timeoutMs: 20 })).toBe(false);
  await endProcess(deaf, { what: 'it', clock, graceMs: 20 });
  expect(await isAlive(deaf)).toBe(false);
  await endProcess(deaf, { what: 'it', clock, graceMs: 20 });
});

test('a zombie has ended', async () => {
  // The shell becomes a program that never waits for the child that it inherits.
  const parent = await started(['sh', '-c', 'true & exec tail -f /dev/null -s 3603']);
  const zombie = async () => {
    const path = `/proc/${parent.pid}/task/${parent.pid}/children`;
    const pid = Number(await readFile(path, 'utf8'));
    const isZombie = / Z /.test(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''));
    return isZombie ? pid : undefined;
  };
  await expect.poll(zombie).toBeGreaterThan(0);
  expect(await findProcess((await zombie()) ?? 0)).toBeUndefined();
  expect(await isAlive(parent)).toBe(true);
});

test.each([-1, 0, 1.5, Number.NaN])('%d is the id of no process', async (pid) => {
  expect(await findProcess(pid)).toBeUndefined();
});

test('a stamp means one process of one boot', async () => {
  const mine = await waiting('3604');
  const stamp = await stampOf(mine);
  expect(stamp).toMatch(/^\d+ \d+ [0-9a-f-]{36}$/);
  expect(await stampedProcess(`${stamp}\n`)).toEqual(mine);
  expect(await stampedProcess(stamp.replace(/ [0-9a-f-]{36}$/, ' another-boot'))).toBeUndefined();
  expect(await stampedProcess(`${mine.pid} 1`)).toBeUndefined();
  expect(await stampedProcess('')).toBeUndefined();
  expect(await stampedProcess(await ownStamp())).toMatchObject({ pid: process.pid });
  await endProcess(mine, { what: 'it', clock, graceMs: 0 });
  expect(await stampedProcess(stamp)).toBeUndefined();
});
