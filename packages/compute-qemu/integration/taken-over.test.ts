import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProcesses, spawnJailed, userOfProcess } from '@bakehouse/host';
import { expect, onTestFinished, test } from 'vitest';
import { machineFileNames } from '../src/machine-files.ts';
import { findMachineProcess } from '../src/machine-process.ts';
import { writeMachineRecord } from '../src/machine-record.ts';
import { bootSectors } from './boot-sectors.ts';
import { instanceId, machineSpec } from './machine-spec.ts';
import { usersOf } from './open-driver.ts';
import { eventually, TestBench } from './test-bench.ts';

/** Runs on in a child and in a second thread, elsewhere, while its first thread is a zombie. */
const hiding = `
import ctypes, os, threading, time
if os.fork() == 0: time.sleep(3600)
os.chdir('/')
threading.Thread(target=time.sleep, args=[3600]).start()
ctypes.CDLL(None).syscall(60, 0)
`;

async function processesOf(user: number): Promise<number> {
  const found = await findProcesses(() => true);
  const users = await Promise.all(found.map(({ pid }) => userOfProcess(pid)));
  return users.filter((each) => each === user).length;
}

test('a machine that hides from the next server is found, keeps its user, and ends with all it has started', async () => {
  const bench = await TestBench.open();
  onTestFinished(() => bench.close());
  const folder = bench.machineFile('.');
  const users = usersOf(bench);
  const user = await users.of(folder);
  await writeMachineRecord(folder, machineSpec(), 0);
  await spawnJailed({
    name: 'machine',
    argv: ['sh', '-c', 'exec /usr/bin/python3 -c "$0"', hiding],
    jail: {
      user,
      folders: [{ path: folder, writable: true }],
      devices: [],
      network: 'none',
      workingFolder: folder,
      threadsMax: 100,
    },
    enter: [],
    log: { path: join(folder, machineFileNames.log), keep: false },
    infoPath: join(folder, machineFileNames.jail),
  });
  await eventually(async () => {
    const found = await findMachineProcess(folder);
    expect(await readFile(`/proc/${found?.pid}/stat`, 'utf8')).toContain(') Z ');
  });
  // The process without its first thread has no arguments; this is its child.
  expect(await processesOf(user)).toBe(1);

  const { driver, events } = bench.driver({ commandMs: 50, quitMs: 50, statusMs: 50 });
  await driver.adopt();
  expect(events).toEqual([]);
  expect(await driver.list()).toMatchObject([{ instanceId, state: 'unresponsive' }]);
  await expect(driver.forget(instanceId)).rejects.toThrow('its machine runs');
  expect(await users.of(folder)).toBe(user);
  await driver.kill(instanceId);
  expect(events).toMatchObject([{ kind: 'exited', reason: 'killed' }]);
  expect(await findMachineProcess(folder)).toBeUndefined();
  expect(await processesOf(user)).toBe(0);
  await driver.forget(instanceId);
});

test('a machine that makes other names than QEMU does is not begun, and the next start removes them', async () => {
  const bench = await TestBench.open();
  onTestFinished(() => bench.close());
  await bench.makeDisks(bootSectors.idle);
  const secret = join(bench.folder, 'secret');
  await writeFile(secret, 'secret', { mode: 0o600 });
  const user = await usersOf(bench).of(bench.machineFile('.'));
  const planted = bench.machineFile(machineFileNames.boot);
  bench.beforeQemu = `ln -s ${secret} ${planted}; chown -h ${user}:${user} ${planted}`;
  const { driver, events } = bench.driver();
  await expect(driver.start(machineSpec())).rejects.toThrow(`${planted} is nothing that was`);
  expect(await driver.list()).toEqual([]);
  expect(await findMachineProcess(bench.machineFile('.'))).toBeUndefined();
  expect(events).toEqual([]);

  bench.beforeQemu = undefined;
  await driver.start(machineSpec({ generation: 2 }));
  await eventually(async () => expect(await driver.readBoot(instanceId)).toBeDefined());
  expect(await readFile(secret, 'utf8')).toBe('secret');
  await driver.kill(instanceId);
});
