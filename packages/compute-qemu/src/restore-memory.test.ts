import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@bakehouse/base';
import { QmpClosedError, QmpError, QmpTimeoutError } from '@bakehouse/qmp';
import { expect, onTestFinished, test } from 'vitest';
import { MemoryMisfitError } from './compute-errors.ts';
import { restoreMemory } from './restore-memory.ts';
import { fakeMonitor, type Replies } from './testing/fake-monitor.ts';

const nic = { nicId: 'eni-1', macAddress: '0e:00:00:00:00:01', port: 'tap7' } as const;
const loaded: Replies = {
  'query-version': () => '7.2',
  'migrate-incoming': () => ({}),
  'query-status': () => ({ status: 'paused' }),
  netdev_add: () => ({}),
  device_add: () => ({}),
};

async function restore(replies: Replies): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-restore-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { client, commands } = fakeMonitor({ ...loaded, ...replies });
  const qemuBuild = JSON.stringify('7.2');
  const waiting = { clock: systemClock, timeoutMs: 30 };
  await restoreMemory(client, { folder, user: 0, qemuBuild, nic, ...waiting });
  return commands;
}

test('memory first, then the card', async () => {
  const states = ['inmigrate', 'inmigrate', 'paused'];
  const status = () => ({ status: states.shift() });
  expect(await restore({ 'query-status': status })).toEqual([
    'query-version',
    'migrate-incoming',
    ...['query-status', 'query-status', 'query-status'],
    'netdev_add',
    'device_add',
  ]);
});

const failed = (error: Error) => () => {
  throw error;
};

test.each<[string, Replies, string]>([
  ['another build', { 'query-version': () => '8' }, 'another QEMU: "7.2", not "8"'],
  ['no end of loading', { 'query-status': () => ({ status: 'inmigrate' }) }, 'within 30 ms'],
  ['another state', { 'query-status': () => ({ status: 'internal-error' }) }, 'internal-error'],
  ['no response', { 'query-status': failed(new QmpTimeoutError('too late')) }, 'too late'],
  ['its end', { 'migrate-incoming': failed(new QmpClosedError('ended')) }, 'ended'],
  [
    'a refusal',
    {
      device_add: failed(
        new QmpError({ command: 'device_add', class: 'GenericError', desc: 'no' }),
      ),
    },
    'refused device_add',
  ],
])('%s is a misfit: the machine can boot', async (_, replies, why) => {
  const error = await restore(replies).catch((each: unknown) => each);
  expect(error).toBeInstanceOf(MemoryMisfitError);
  expect(`${error}`).toContain(why);
});
