import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, minuteMs, systemClock } from '@bakehouse/base';
import type { InstanceId } from '@bakehouse/domain';
import { QmpTimeoutError } from '@bakehouse/qmp';
import { expect, onTestFinished, test } from 'vitest';
import { computeLimitsDefault } from './compute-limits.ts';
import { noteConsoleStart } from './console-since.ts';
import { giveForkCard, writeForkCard } from './fork-card.ts';
import { machineFileNames } from './machine-files.ts';
import { writeMemoryUse } from './memory-use.ts';
import { fakeMonitor, type Replies } from './testing/fake-monitor.ts';

const instanceId: InstanceId = 'i-0123456789abcdef0';
const limits = { ...computeLimitsDefault, statusMs: 10 };
const nic = { nicId: 'eni-1', macAddress: '0e:00:00:00:00:01', port: 'tap7' } as const;
const renewed = '[1.5] bakehouse: another instance, but for 9000+8 a000+10\r\n';

/** A fork's machine, whose guest has these devices; it begins with what its console shows. */
async function fork({ console = '', devices = ['eth0-before'], refusals = 0 } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-card-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const times = { spawnedAt: 1, respondedAt: 1, consoleFrom: 0, arrivals: [] };
  await writeMemoryUse(folder, { version: 1, generation: 1, ...times });
  await writeForkCard(folder, nic);
  await noteConsoleStart(folder, { wasReset: false });
  await writeFile(join(folder, machineFileNames.serial), console);
  const written: string[] = [];
  let refusalsLeft = refusals;
  let status = 'running';
  const attach = () => {
    status = 'paused';
    const socket = connect(join(folder, machineFileNames.debugSocket));
    onTestFinished(() => void socket.destroy());
    socket.on('data', (data) => {
      const packet = data.toString().replace(/^\+/, '');
      if (packet === '') return;
      written.push(packet.slice(1, -3));
      if (packet.startsWith('$D')) status = 'running';
      const isRefused = packet.startsWith('$M') && refusalsLeft-- > 0;
      socket.write(isRefused ? '+$E14#aa' : '+$OK#9a');
    });
  };
  const replies: Replies = {
    'query-status': () => ({ status }),
    cont: () => {
      status = 'running';
    },
    'qom-list': () => devices.map((name) => ({ name })),
    'human-monitor-command': ({ 'command-line': line }) =>
      line === 'gdbserver none' ? '' : attach(),
    device_del: () => ({}),
    device_add: ({ id }) => {
      devices.push(`${id}`);
    },
  };
  const { client, commands } = fakeMonitor(replies);
  const logged: string[] = [];
  const logger = {
    log: (_level: string, message: string) => logged.push(message),
    with: () => logger,
  };
  const give = (changes: Partial<Parameters<typeof giveForkCard>[1]> = {}) =>
    giveForkCard(client, {
      ...{ folder, instanceId, clock: systemClock, limits, logger, isWhole: true },
      ...{ mayGoOn: () => true, wasReset: () => false, holding: (work) => work() },
      ...{ signal: new AbortController().signal, ...changes },
    });
  const names = () => readdir(folder);
  return { folder, devices, commands, written, give, names, logged, status: () => status };
}

test('a card comes when the other is gone, the guest has renewed itself, and the rest is renewed', async () => {
  const { folder, devices, commands, written, give, names } = await fork();
  const giving = give();
  await appendFile(join(folder, machineFileNames.serial), 'x\r\nbakehouse: another instance, but');
  await appendFile(join(folder, machineFileNames.serial), ` for 9000+8 a000+10\r\n`);
  await new Promise(setImmediate);
  expect(commands).not.toContain('device_add');
  devices.length = 0;
  await giving;
  expect(devices).toEqual(['eth0']);
  expect(written.map((each) => each.split(':')[0])).toEqual([
    'Qqemu.PhyMemMode',
    'M9000,8',
    'Ma000,10',
    'D',
  ]);
  expect(new Set(written).size).toBe(4);
  expect(await names()).not.toContain(machineFileNames.forkCard);
});

test('what is there already is not given again', async () => {
  const { commands, give, names } = await fork({ devices: ['eth0'] });
  await give();
  expect(commands).not.toContain('device_add');
  expect(await names()).not.toContain(machineFileNames.forkCard);
  await give();
});

/** Aborts when it was asked so often. */
function untilAsked(times: number) {
  const stopping = new AbortController();
  let left = times;
  const ask = () => {
    left -= 1;
    if (left <= 0) stopping.abort(new Error('stopped'));
    return false;
  };
  return { ask, signal: stopping.signal };
}

test('a guest that is held is left as it is', async () => {
  const { commands, give } = await fork({ console: renewed, devices: [] });
  const looks = [true, true, false];
  await give({ mayGoOn: () => looks.pop() ?? true });
  expect(commands).toContain('device_add');
  const other = await fork({ console: renewed, devices: [] });
  const { ask: mayGoOn, signal } = untilAsked(8);
  await expect(other.give({ mayGoOn, signal })).rejects.toThrow('stopped');
  expect(other.commands).not.toContain('human-monitor-command');
  expect(other.commands).not.toContain('cont');
});

test('the time in which a guest is held does not count, and one that does not renew itself is logged', async () => {
  const clock: Clock = {
    ...systemClock,
    elapsed: () => (now += 5 * minuteMs),
    async sleep(_ms, signal) {
      await new Promise(setImmediate);
      signal?.throwIfAborted();
    },
  };
  let now = 0;
  const { give, logged } = await fork({ devices: [] });
  const held = untilAsked(20);
  const holding = { clock, mayGoOn: held.ask, signal: held.signal };
  await expect(give(holding)).rejects.toThrow('stopped');
  expect(logged).toEqual([]);
  const running = untilAsked(20);
  const mayGoOn = () => !running.ask();
  await expect(give({ clock, mayGoOn, signal: running.signal })).rejects.toThrow('stopped');
  expect(logged).toEqual(['a fork stays without a network card until it reboots']);
});

test('a guest that was reset gets its card at once, and nothing is written into it', async () => {
  const { written, give, devices } = await fork({ console: renewed, devices: [] });
  await give({ wasReset: () => true });
  expect(devices).toEqual(['eth0']);
  expect(written).toEqual([]);
  const { folder, ...later } = await fork({ console: renewed, devices: [] });
  await noteConsoleStart(folder, { wasReset: true });
  await later.give({ isWhole: false });
  expect(later.devices).toEqual(['eth0']);
  expect(later.written).toEqual([]);
  const now = await fork({ console: renewed, devices: [] });
  const looks = [true, false];
  await now.give({ wasReset: () => looks.pop() ?? true });
  expect(now.written).toEqual(['Qqemu.PhyMemMode:1']);
  expect(now.devices).toEqual(['eth0']);
});

test('a guest that may have been reset unseen is not written into', async () => {
  const one = await fork({ console: renewed, devices: [] });
  await one.give({ isWhole: false });
  expect(one.devices).toEqual(['eth0']);
  const { give, written, logged } = await fork({ console: `${renewed}Booting\r\n`, devices: [] });
  const { ask, signal } = untilAsked(3);
  await expect(give({ isWhole: false, wasReset: ask, signal })).rejects.toThrow('stopped');
  expect(written).toEqual([]);
  expect(logged).toEqual(['a fork has no network card yet']);
});

test('what goes wrong is logged and tried again; the guest does not stay stopped', async () => {
  const { commands, give, devices, logged, status } = await fork({
    ...{ console: renewed, devices: [], refusals: 2 },
  });
  let troubles = 2;
  const holding = async (work: () => Promise<void>) => {
    troubles -= 1;
    if (troubles >= 0) throw new QmpTimeoutError('slow');
    await work();
  };
  await give({ holding });
  expect(devices).toEqual(['eth0']);
  expect(logged).toEqual(['a fork has no network card yet', 'a fork has no network card yet']);
  expect(commands.filter((each) => each === 'cont')).toHaveLength(2);
  expect(status()).toBe('running');
});

test('other machines have nothing to be given', async () => {
  const { folder, commands, give } = await fork();
  await rm(join(folder, machineFileNames.forkCard));
  await give();
  expect(commands).toEqual([]);
});
