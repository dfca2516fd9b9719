import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '@bakehouse/host';
import { expect, onTestFinished, test } from 'vitest';
import { findMachineProcess } from './machine-process.ts';

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-machine-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** A process of this name in this folder. */
async function started(program: string, cwd: string): Promise<number> {
  const path = join(await aFolder(), program);
  await copyFile((await findProgram('cat')) ?? '', path);
  const child = spawn(path, { cwd, stdio: ['pipe', 'ignore', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child.pid ?? 0;
}

test('a machine is the QEMU of the pid file that runs in the folder', async () => {
  const folder = await aFolder();
  expect(await findMachineProcess(folder)).toBeUndefined();
  const pid = await started('qemu-system-test', folder);
  await writeFile(join(folder, 'pid'), `${pid}\n`);
  expect(await findMachineProcess(folder)).toMatchObject({ pid });
});

test.each([
  ['another program', 'cat', true],
  ['the QEMU of another folder', 'qemu-system-test', false],
])('a process id that belongs to %s by now is no machine', async (_, program, isHere) => {
  const folder = await aFolder();
  const pid = await started(program, isHere ? folder : await aFolder());
  await writeFile(join(folder, 'pid'), `${pid}\n`);
  expect(await findMachineProcess(folder)).toBeUndefined();
});

test.each(['', 'x', '-1', '0', '1.5'])('a pid file with %j names no process', async (text) => {
  const folder = await aFolder();
  await writeFile(join(folder, 'pid'), text);
  expect(await findMachineProcess(folder)).toBeUndefined();
});
