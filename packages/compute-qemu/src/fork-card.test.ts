import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@bakehouse/base';
import type { InstanceId } from '@bakehouse/domain';
import { expect, onTestFinished, test } from 'vitest';
import { computeLimitsDefault } from './compute-limits.ts';
import { giveForkCard, writeForkCard } from './fork-card.ts';
import { machineFileNames } from './machine-files.ts';
import { writeMemoryUse } from './memory-use.ts';
import { fakeMonitor, type Replies } from './testing/fake-monitor.ts';

const instanceId: InstanceId = 'i-0123456789abcdef0';
const nic = { nicId: 'eni-1', macAddress: '0e:00:00:00:00:01', port: 'tap7' } as const;
const renewed = '[1.5] bakehouse: another instance, but for 9000+8 a000+10\r\n';

/** A fork's machine, whose guest has these devices; it begins with what its console shows. */
async function fork({ console = '', devices = ['eth0-before'] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-card-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const times = { spawnedAt: 1, respondedAt: 1, consoleFrom: 0, arrivals: [] };
  await writeMemoryUse(folder, { version: 1, generation: 1, ...times });
  await writeForkCard(folder, nic);
  await writeFile(join(folder, machineFileNames.serial), console);
  const written: string[] = [];
  const attach = () => {
    const socket = connect(join(folder, machineFileNames.debugSocket));
    onTestFinished(() => void socket.destroy());
    socket.on('data', (data) => {
      const packet = data.toString().replace(/^\+/, '');
      if (packet === '') return;
      written.push(packet.slice(1, -3));
      socket.write('+$OK#9a');
    });
  };
  const replies: Replies = {
    'query-status': () => ({ status: 'running' }),
    'qom-list': () => devices.map((name) => ({ name })),
    'human-monitor-command': ({ 'command-line': line }) =>
      line === 'gdbserver none' ? '' : attach(),
    device_add: ({ id }) => {
      devices.push(`${id}`);
    },
  };
  const { client, commands } = fakeMonitor(replies);
  const give = (changes: { isHeld?: () => boolean; signal?: AbortSignal } = {}) =>
    giveForkCard(client, {
      ...{ folder, instanceId, clock: systemClock, limits: computeLimitsDefault },
      ...{ isHeld: () => false, signal: new AbortController().signal, ...changes },
    });
  const names = () => readdir(folder);
  return { folder, devices, commands, written, give, names };
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

test('a guest that is held is left as it is', async () => {
  const { commands, give } = await fork({ console: renewed, devices: [] });
  const looks = [true, true];
  await give({ isHeld: () => looks.pop() ?? false });
  expect(commands).toContain('device_add');
  const stopping = new AbortController();
  const other = await fork({ console: renewed, devices: [] });
  const isHeld = () => {
    setImmediate(() => stopping.abort(new Error('stopped')));
    return true;
  };
  await expect(other.give({ isHeld, signal: stopping.signal })).rejects.toThrow('stopped');
  expect(other.commands).not.toContain('human-monitor-command');
});

test('other machines have nothing to be given', async () => {
  const { folder, commands, give } = await fork();
  await rm(join(folder, machineFileNames.forkCard));
  await give();
  expect(commands).toEqual([]);
});
