import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, copyFile, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
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

/** The user of a jail; no other process of this host has it. */
const user = 790_001;

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

/** A process with the user of a jail, in the namespaces of this test, that has the name of no QEMU and is elsewhere. */
async function disguised(uid: number): Promise<number> {
  const child = spawn('cat', { cwd: '/', uid, gid: uid, stdio: ['pipe', 'ignore', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child.pid ?? 0;
}

/** What bubblewrap writes, of a process in the namespaces of this test. */
async function jailInfo(pid: number, namespace?: string): Promise<string> {
  const own = /\d+/.exec(await readlink('/proc/self/ns/pid'))?.[0];
  return `{\n "child-pid": ${pid},\n "pid-namespace": ${namespace ?? own}\n}\n`;
}

test.runIf(process.getuid?.() === 0)(
  'a jailed machine is the process of its user, whatever it calls itself and wherever it is',
  async () => {
    const folder = await aFolder();
    await chown(folder, 0, user);
    const infoPath = join(folder, 'jail.json');
    const pid = await disguised(user);
    await writeFile(infoPath, await jailInfo(pid));
    expect(await findMachineProcess(folder)).toMatchObject({ pid });
    await writeFile(infoPath, await jailInfo(pid, '1'));
    expect(await findMachineProcess(folder)).toBeUndefined();
    await writeFile(infoPath, await jailInfo(await disguised(user + 1)));
    expect(await findMachineProcess(folder)).toBeUndefined();
    await writeFile(infoPath, await jailInfo(await disguised(0)));
    expect(await findMachineProcess(folder)).toBeUndefined();
    // The pid file is the machine's own to write.
    await writeFile(join(folder, 'pid'), `${await started('qemu-system-test', folder)}\n`);
    expect(await findMachineProcess(folder)).toBeUndefined();
  },
);

test.each(['', 'x', '-1', '0', '1.5'])('a pid file with %j names no process', async (text) => {
  const folder = await aFolder();
  await writeFile(join(folder, 'pid'), text);
  expect(await findMachineProcess(folder)).toBeUndefined();
});
