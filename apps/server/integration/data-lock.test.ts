import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { expect, onTestFinished, test } from 'vitest';
import { UsageError } from '../src/config.ts';
import { holderOf, lockData, lockDataWhenFree } from '../src/data-lock.ts';

async function folder() {
  const root = await mkdtemp(join(tmpdir(), 'bakehouse-lock-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return { root, lock: join(root, 'lock'), lockDatabase: join(root, 'lock.sqlite') };
}

const program = `
  import { lockData } from ${JSON.stringify(new URL('../src/data-lock.ts', import.meta.url).href)};
  try {
    await lockData(JSON.parse(process.argv[1]));
    process.stdout.write('locked');
    setInterval(() => {}, 1000);
  } catch (error) {
    process.stdout.write(error.message);
  }`;

/** Another process that wants the folder, and what it prints first. */
async function contender(names: object): Promise<{ child: ChildProcess; said: string }> {
  const args = ['--input-type=module', '-e', program, JSON.stringify(names)];
  const child = spawn(execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  return { child, said: String(said) };
}

test('one process serves the folder, others learn which, and it is free when that one is killed', async () => {
  const names = await folder();
  const { child, said } = await contender(names);
  expect(said).toBe('locked');
  expect(await holderOf(names.lock)).toMatchObject({ pid: child.pid });
  await expect(lockData(names)).rejects.toThrow(UsageError);
  await expect(lockData(names)).rejects.toThrow(`served by process ${child.pid}`);
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  expect(await holderOf(names.lock)).toBeUndefined();
  await using _ = await lockData(names);
  expect(await holderOf(names.lock)).toMatchObject({ pid: process.pid });
  expect((await contender(names)).said).toContain(`served by process ${process.pid}`);
});

test('whoever waits for the folder gets it when its holder ends, or gives up when it is stopped', async () => {
  const names = await folder();
  const { child } = await contender(names);
  const stopping = new AbortController();
  const holders: (number | undefined)[] = [];
  const wait = (signal = new AbortController().signal) =>
    lockDataWhenFree(names, signal, (holder) => holders.push(holder?.pid));
  const [waiting, stopped] = [wait(), wait(stopping.signal)];
  await expect.poll(() => holders).toEqual([child.pid, child.pid]);
  stopping.abort(new Error('stopped'));
  await expect(stopped).rejects.toThrow('stopped');
  child.kill('SIGKILL');
  await using _ = await waiting;
  expect(await holderOf(names.lock)).toMatchObject({ pid: process.pid });
  expect(holders).toHaveLength(2);
});

test('of many that want a dead server’s folder at once, exactly one gets it', async () => {
  const names = await folder();
  await writeFile(names.lock, '1 1 of-another-boot');
  const all = await Promise.all(Array.from({ length: 6 }, () => contender(names)));
  const winners = all.filter(({ said }) => said === 'locked');
  expect(winners).toHaveLength(1);
  for (const { said } of all) {
    if (said !== 'locked') expect(said).toContain(`process ${winners[0]?.child.pid} already`);
  }
});

test('looking who serves the folder does not lock it, and releasing the lock frees it', async () => {
  const names = await folder();
  const lock = await lockData(names);
  await holderOf(names.lock);
  expect((await contender(names)).said).toContain(`process ${process.pid}`);
  expect((await stat(names.lockDatabase)).mode & 0o777).toBe(0o600);
  await lock[Symbol.asyncDispose]();
  expect(await holderOf(names.lock)).toBeUndefined();
  expect((await contender(names)).said).toBe('locked');
});

test('a folder that was removed cannot be locked, and the error says so', async () => {
  const names = await folder();
  await rm(names.root, { recursive: true });
  const signal = new AbortController().signal;
  for (const locking of [lockData(names), lockDataWhenFree(names, signal, () => {})]) {
    await expect(locking).rejects.toThrow(UsageError);
    await expect(locking).rejects.toThrow(`the data folder ${names.root} cannot be locked`);
  }
});
