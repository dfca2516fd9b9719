import { cp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { MiB } from '@bakehouse/base';
import {
  type ForkedMachine,
  type InstanceId,
  type MachineSpec,
  MemoryNotKeptError,
  type VolumeId,
} from '@bakehouse/domain';
import { exists } from '@bakehouse/host';
import { connectQmp } from '@bakehouse/qmp';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import type { QemuCompute } from '../src/index.ts';
import { writeMemoryFacts } from '../src/kept-memory.ts';
import { listenInFolder } from '../src/listen-in-folder.ts';
import { disksSocketPath } from '../src/machine-files.ts';
import { bootSectors } from './boot-sectors.ts';
import { dataId, instanceId, machineSpec, rootId } from './machine-spec.ts';
import { openDriver } from './open-driver.ts';
import { eventually, run, TestBench } from './test-bench.ts';

const firstId = 'i-0aaaaaaaaaaaaaaaa';
const secondId = 'i-0bbbbbbbbbbbbbbbb';
type ForkId = typeof firstId | typeof secondId;
const forkIds: readonly ForkId[] = [firstId, secondId];

const disksOf: Readonly<Record<ForkId, Record<'root' | 'data', VolumeId>>> = {
  [firstId]: { root: 'vol-0aaaaaaaaaaaaaaaa', data: 'vol-0aaaaaaaaaaaaaaab' },
  [secondId]: { root: 'vol-0bbbbbbbbbbbbbbbb', data: 'vol-0bbbbbbbbbbbbbbbc' },
};
const parent = machineSpec({
  disks: [
    { deviceName: '/dev/sda1', volumeId: rootId, bootIndex: 0 },
    { deviceName: '/dev/sdf', volumeId: dataId },
  ],
});
const limits = { limitMs: 60_000, signal: new AbortController().signal };
const forked = 'bakehouse: another instance\n';
const forkable = 'bakehouse: can be forked, with secrets at 9000+8\n';

const forkOf = (id: ForkId): ForkedMachine => ({
  instanceId: id,
  disks: [
    { volumeId: rootId, copyId: disksOf[id].root },
    { volumeId: dataId, copyId: disksOf[id].data },
  ],
});

const specOf = (id: ForkId, port: string, macAddress: string): MachineSpec => ({
  ...parent,
  instanceId: id,
  disks: [
    { deviceName: '/dev/sda1', volumeId: disksOf[id].root, bootIndex: 0 },
    { deviceName: '/dev/sdf', volumeId: disksOf[id].data },
  ],
  nics: [{ nicId: 'eni-1', macAddress, port }],
  forkOf: instanceId,
});

/** Machines without disks: they are refused before anything is copied to them. */
const manyMore = (count: number): readonly ForkedMachine[] =>
  Array.from({ length: count }, (_, at) => ({
    instanceId: `i-${`${at}`.padStart(17, '0')}` as const,
    disks: [],
  }));

const first = () => specOf(firstId, 'tap1', '0e:00:00:00:00:02');
const second = () => specOf(secondId, 'tap2', '0e:00:00:00:00:03');

let bench: TestBench;

beforeEach(async () => {
  bench = await TestBench.open();
  await bench.addTap('tap1');
  await bench.addTap('tap2');
  await bench.makeDisks(bootSectors.counter);
  await makeCopies();
});

afterEach(async () => {
  for (const id of forkIds) await bench.driver().driver.kill(id);
  await bench.close();
});

async function makeCopies(): Promise<void> {
  for (const { root, data } of Object.values(disksOf)) {
    for (const id of [root, data]) {
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', bench.disk(id), '64M']);
    }
  }
}

async function consoleOf(driver: QemuCompute, id: InstanceId): Promise<string> {
  return Buffer.from((await driver.readConsole(id))?.bytes ?? []).toString('latin1');
}

/** How often the guest has counted, as its disk has it. */
async function countOf(disk: string): Promise<number> {
  const read = ['-r', '-U', '-c', 'read -v 32768 4', disk];
  const { stdout } = await run('qemu-io', read);
  const bytes = /^[0-9a-f]+: {2}((?:[0-9a-f]{2} ){4})/m.exec(stdout)?.[1]?.trim().split(' ') ?? [];
  return Number.parseInt(bytes.toReversed().join(''), 16);
}

async function countsOn(): Promise<void> {
  const before = await countOf(bench.disk(rootId));
  await eventually(async () => expect(await countOf(bench.disk(rootId))).toBeGreaterThan(before));
}

async function startParent(): Promise<QemuCompute> {
  const { driver } = bench.driver();
  await driver.start(parent);
  await eventually(async () => expect(await countOf(bench.disk(rootId))).toBeGreaterThan(10));
  return driver;
}

const memoryOf = (id: InstanceId) => join(bench.folder, 'instances', id, 'memory.state');

async function leaveMemory(path: string): Promise<void> {
  await cp(`${path}.copy`, path);
  const facts = { hardware: {}, qemuBuild: '', slots: [2], secrets: '9000+8' };
  await writeMemoryFacts(dirname(path), facts);
}

async function ask(command: string, args = {}, of: InstanceId = instanceId): Promise<unknown> {
  const socketPath = disksSocketPath(join(bench.folder, 'instances'), of);
  const client = await connectQmp({ socketPath, timeoutMs: limits.limitMs });
  try {
    return await client.execute(command, args);
  } finally {
    await client.close();
  }
}

it('two forks go on where the guest was, each with its own disks and card; the guest runs on', async () => {
  const driver = await startParent();
  const { pauseMs, memoryBytes } = await driver.fork(parent, {
    ...limits,
    forks: [forkOf(firstId), forkOf(secondId)],
  });
  expect(pauseMs).toBeGreaterThan(0);
  expect(memoryBytes).toBeGreaterThan(100_000);
  const memories = await driver.keptMemory();
  expect(memories.map((each) => each.instanceId)).toEqual(forkIds);
  for (const { bytes } of memories) expect(bytes).toBeGreaterThan(100_000);
  await countsOn();
  await driver.start(first());
  await driver.start(second());
  for (const id of forkIds) {
    const whole = `${forked}disk as memory\nfresh\n`;
    await eventually(async () => expect(await consoleOf(driver, id)).toBe(whole));
  }
  await countsOn();
  expect(await consoleOf(driver, instanceId)).toBe(forkable);
  await eventually(async () => {
    const boot = await driver.readBoot(firstId);
    expect(boot?.memory).toEqual({ restoredAt: expect.any(Number), forkOf: instanceId });
  });
  expect(await driver.keptMemory()).toEqual([]);
  const jobs = await ask('query-block-jobs');
  expect(jobs).toEqual([]);
});

it('what counts changes of a disk goes on counting', async () => {
  const driver = await startParent();
  const bitmap = { node: rootId, name: 'changes' };
  await ask('block-dirty-bitmap-add', { ...bitmap, persistent: true });
  await driver.fork(parent, { ...limits, forks: [forkOf(firstId)] });
  await ask('block-dirty-bitmap-clear', bitmap);
  await countsOn();
  const nodes = await ask('query-named-block-nodes', { flat: true });
  expect(JSON.stringify(nodes)).toMatch(
    /"name":"changes"[^}]*"count":[1-9]|"count":[1-9][^}]*"name":"changes"/,
  );
});

it('a fork whose memory no longer exists does not start, and one that has begun does not begin again', async () => {
  const driver = await startParent();
  await driver.fork(parent, { ...limits, forks: [forkOf(firstId)] });
  await driver.endFork(instanceId, [forkOf(firstId)]);
  await expect(driver.start(first())).rejects.toThrow('no longer exists');
  await makeCopies();
  await driver.fork(parent, { ...limits, forks: [forkOf(firstId)] });
  const memory = memoryOf(firstId);
  await cp(memory, `${memory}.copy`);
  await driver.start(first());
  expect(await exists(memory)).toBe(false);
  // A server was killed between the guest's beginning and the removal.
  await leaveMemory(memory);
  await driver.start(first());
  expect(await exists(memory)).toBe(false);
  await leaveMemory(memory);
  await driver.kill(firstId);
  expect(await exists(memory)).toBe(false);
  await expect(driver.start(first())).rejects.toThrow('has gone on');
  await leaveMemory(memory);
  const { forkOf: _, ...second } = { ...first(), generation: 2 };
  await driver.start(second);
  expect(await driver.keptMemory()).toEqual([]);
});

it('a fork that is ended before it starts keeps no memory, and does not start', async () => {
  const driver = await startParent();
  await driver.fork(parent, { ...limits, forks: [forkOf(firstId)] });
  await driver.kill(firstId);
  expect(await driver.keptMemory()).toEqual([]);
  await expect(driver.start(first())).rejects.toThrow('no longer exists');
});

it('a fork that is given up leaves the guest as it was, and can be made again', async () => {
  const driver = await startParent();
  const aborted = AbortSignal.abort(new Error('given up'));
  const options = { ...limits, forks: [forkOf(firstId)] };
  await expect(driver.fork(parent, { ...options, signal: aborted })).rejects.toThrow('given up');
  await countsOn();
  expect(await exists(join(bench.folder, 'instances', firstId))).toBe(false);
  await makeCopies();
  await driver.fork(parent, options);
  await countsOn();
});

it.each(['pre-switchover', 'completed'])(
  'a guest that stands still, as its server was killed (%s), goes on',
  async (status) => {
    const driver = await startParent();
    const server = createServer((socket) => socket.resume());
    onTestFinished(() => void server.close());
    const { gid: user } = await stat(bench.machineFile(''));
    await listenInFolder(server, { folder: bench.machineFile(''), name: 'memory.sock', user });
    const capability = { capability: 'pause-before-switchover', state: true };
    await ask('migrate-set-capabilities', { capabilities: [capability] });
    await ask('migrate', { uri: 'unix:memory.sock' });
    const reaches = (state: string) =>
      eventually(async () => expect(await ask('query-migrate')).toMatchObject({ status: state }));
    await reaches('pre-switchover');
    if (status === 'completed') {
      await ask('migrate-continue', { state: 'pre-switchover' });
      await reaches('completed');
    }
    expect(await ask('query-status')).toMatchObject({ running: false });
    await driver.endFork(instanceId, [forkOf(firstId)]);
    await countsOn();
    await driver.fork(parent, { ...limits, forks: [forkOf(firstId)] });
  },
);

it('a machine that does not respond holds up neither the end of its fork nor its own; later its guest goes on', async () => {
  await (await startParent()).close();
  const { driver } = bench.driver({ commandMs: 200, statusMs: 100, superviseMs: 100, quitMs: 100 });
  await driver.adopt();
  // By then it has looked for what a killed server has left.
  await driver.endFork(instanceId, [forkOf(firstId)]);
  const server = createServer((socket) => socket.resume());
  onTestFinished(() => void server.close());
  const folder = bench.machineFile('');
  const { gid: user } = await stat(folder);
  await listenInFolder(server, { folder, name: 'memory.sock', user });
  const capability = { capability: 'pause-before-switchover', state: true };
  await ask('migrate-set-capabilities', { capabilities: [capability] });
  await ask('migrate', { uri: 'unix:memory.sock' });
  await eventually(async () =>
    expect(await ask('query-migrate')).toMatchObject({ status: 'pre-switchover' }),
  );
  const pid = await bench.pidOf();
  process.kill(pid, 'SIGSTOP');
  const options = { ...limits, forks: [forkOf(firstId)] };
  await expect(driver.fork(parent, options)).rejects.toThrow('did not respond');
  await driver.endFork(instanceId, [forkOf(firstId)]);
  process.kill(pid, 'SIGCONT');
  await countsOn();
  process.kill(pid, 'SIGSTOP');
  await driver.endFork(instanceId, [forkOf(firstId)]);
  await driver.kill(instanceId);
  expect(await driver.list()).toEqual([]);
});

it('the next server lets a guest go on that stands still', async () => {
  const before = await startParent();
  await before.close();
  const server = createServer((socket) => socket.resume());
  onTestFinished(() => void server.close());
  const folder = bench.machineFile('');
  const { gid: user } = await stat(folder);
  await listenInFolder(server, { folder, name: 'memory.sock', user });
  await ask('migrate', { uri: 'unix:memory.sock' });
  await eventually(async () => expect(await ask('query-status')).toMatchObject({ running: false }));
  const { driver } = bench.driver();
  await driver.adopt();
  await countsOn();
});

it('a guest that boots again is not forked before it says so again', async () => {
  const driver = await startParent();
  await driver.reboot(instanceId, { ...limits, limitMs: 0 });
  const options = { ...limits, forks: [forkOf(firstId)] };
  await expect(driver.fork(parent, options)).rejects.toThrow('wait until a guest that boots has');
  await eventually(async () => expect(await driver.forkRefusal(instanceId)).toBeUndefined());
  await driver.fork(parent, options);
});

it('a fork that reboots before it has its card gets it then', async () => {
  await bench.makeDisks(bootSectors.stubborn);
  const { driver } = bench.driver();
  await driver.start(parent);
  await eventually(async () => expect(await driver.forkRefusal(instanceId)).toBeUndefined());
  await driver.fork(parent, { ...limits, forks: [forkOf(firstId)] });
  await driver.start(first());
  const cards = async () => {
    const listed = await ask('qom-list', { path: '/machine/peripheral' }, firstId);
    return JSON.stringify(listed).match(/eth0[-a-z]*/g);
  };
  expect(await cards()).toEqual(['eth0-before']);
  await driver.reboot(firstId, { ...limits, limitMs: 0 });
  await eventually(async () => expect(await cards()).toEqual(['eth0']));
  await eventually(async () => expect(await consoleOf(driver, firstId)).toContain(forkable));
});

it('each fork has secrets of its own before its guest does anything', async () => {
  await bench.makeDisks(bootSectors.stubborn);
  const { driver } = bench.driver();
  await driver.start(parent);
  await eventually(async () => expect(await driver.forkRefusal(instanceId)).toBeUndefined());
  await driver.fork(parent, { ...limits, forks: [forkOf(firstId), forkOf(secondId)] });
  await driver.start(first());
  await driver.start(second());
  // The guests have halted: they have drawn nothing themselves.
  const secretOf = (id: InstanceId) =>
    ask('human-monitor-command', { 'command-line': 'xp /2xw 0x9000' }, id);
  const secrets = [await secretOf(instanceId), await secretOf(firstId), await secretOf(secondId)];
  expect(secrets[0]).toMatch(/: 0x00000000 0x00000000/);
  expect(new Set(secrets).size).toBe(3);
});

it('a guest that does not say that it can become another instance is not forked', async () => {
  await bench.makeDisks(bootSectors.idle);
  const { driver } = bench.driver();
  await driver.start(parent);
  await eventually(async () => expect(await consoleOf(driver, instanceId)).toBe('hello\n'));
  const refused = driver.fork(parent, { ...limits, forks: [forkOf(firstId)] });
  await expect(refused).rejects.toThrow('does not say that the guest can become another instance');
});

it('further forks for which there is no room are not made', async () => {
  await (await startParent()).close();
  const { dev: device } = await stat(bench.folder);
  const guestRoom = { device, path: bench.folder, freeBytes: 70 * MiB, reservedBytes: 0 };
  const driver = openDriver(bench, {}, { look: async () => [guestRoom] });
  const forks = [forkOf(firstId), forkOf(secondId)];
  const refused = driver.fork(parent, { ...limits, forks: [...forks, ...manyMore(100)] });
  await expect(refused).rejects.toThrow('the other forks need');
  expect(await driver.keptMemory()).toEqual([]);
  await countsOn();
  await driver.close();
});

it('a guest that is paused is not forked', async () => {
  const driver = await startParent();
  await driver.hold(instanceId, 'others need the room');
  const refused = driver.fork(parent, { ...limits, forks: [forkOf(firstId)] });
  await expect(refused).rejects.toThrow('its guest does not run: it is paused');
  expect(await driver.held()).toEqual([instanceId]);
});

it('a machine with other devices than those that it should have is not forked', async () => {
  const driver = await startParent();
  const options = { ...limits, forks: [forkOf(firstId)] };
  const [root] = parent.disks;
  const refused = driver.fork({ ...parent, disks: root ? [root] : [] }, options);
  await expect(refused).rejects.toThrow(`it has another device: d-${dataId}`);
  await rm(bench.disk(disksOf[firstId].data));
  const noDisk = driver.fork(parent, options);
  await expect(noDisk).rejects.toBeInstanceOf(MemoryNotKeptError);
  await countsOn();
});
