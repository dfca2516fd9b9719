import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
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
const renewed = '[1.5] bakehouse: another instance\r\n';

/** A fork's machine, whose guest has these devices; it begins with what its console shows. */
async function fork({ console = '', devices = ['eth0-before'] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-card-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const times = { spawnedAt: 1, respondedAt: 1, consoleFrom: 0, arrivals: [] };
  await writeMemoryUse(folder, { version: 1, generation: 1, ...times });
  await writeForkCard(folder, nic);
  await noteConsoleStart(folder, { wasReset: false });
  await writeFile(join(folder, machineFileNames.serial), console);
  const replies: Replies = {
    'query-status': () => ({ status: 'running' }),
    'qom-list': () => devices.map((name) => ({ name })),
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
      ...{ folder, instanceId, clock: systemClock, limits, logger },
      ...{ mayGoOn: () => true, wasReset: () => false, holding: (work) => work() },
      ...{ signal: new AbortController().signal, ...changes },
    });
  const names = () => readdir(folder);
  return { folder, devices, commands, give, names, logged };
}

test('a card comes when the other is gone and the guest has renewed itself', async () => {
  const { folder, devices, commands, give, names } = await fork();
  const giving = give();
  await appendFile(join(folder, machineFileNames.serial), `x\r\n${renewed}`);
  await new Promise(setImmediate);
  expect(commands).not.toContain('device_add');
  devices.length = 0;
  await giving;
  expect(devices).toEqual(['eth0']);
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
  expect(other.commands).not.toContain('device_add');
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

test('a guest that was reset gets its card at once', async () => {
  const { give, devices } = await fork({ devices: [] });
  await give({ wasReset: () => true });
  expect(devices).toEqual(['eth0']);
  const { folder, ...later } = await fork({ devices: [] });
  await noteConsoleStart(folder, { wasReset: true });
  await later.give();
  expect(later.devices).toEqual(['eth0']);
});

test('what goes wrong is logged and tried again', async () => {
  const { give, devices, logged } = await fork({ console: renewed, devices: [] });
  let troubles = 2;
  const holding = async (work: () => Promise<void>) => {
    troubles -= 1;
    if (troubles >= 0) throw new QmpTimeoutError('slow');
    await work();
  };
  await give({ holding });
  expect(devices).toEqual(['eth0']);
  expect(logged).toEqual(['a fork has no network card yet']);
});

test('other machines have nothing to be given', async () => {
  const { folder, commands, give } = await fork();
  await rm(join(folder, machineFileNames.forkCard));
  await give();
  expect(commands).toEqual([]);
});
