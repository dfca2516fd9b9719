import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '@bakehouse/base';
import { MemoryNotKeptError } from '@bakehouse/domain';
import type { JsonObject, QmpClient, QmpEvent } from '@bakehouse/qmp';
import { expect, onTestFinished, test } from 'vitest';
import { MachineUnresponsiveError } from './compute-errors.ts';
import { endForkIn, forkGuest } from './fork-guest.ts';
import { machineFileNames } from './machine-files.ts';
import { fakeMonitor } from './testing/fake-monitor.ts';

interface Behaviour {
  readonly completes?: boolean;
  readonly refusal?: () => string | undefined;
}

/** Two seconds are over at once; shorter times as always. */
const hasty: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms === 2000 ? 10 : ms, signal),
};

/** Forks a guest without disks that was paused for a while before the instant. */
async function fork({ completes = true, refusal = () => undefined }: Behaviour = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-fork-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, machineFileNames.memory);
  let listen: (event: QmpEvent) => void = () => {};
  const emit = (event: string, timestampMs: number, data: JsonObject = {}) =>
    listen({ event, data, timestampMs });
  const { client: monitor, commands } = fakeMonitor({
    'query-block-jobs': () => [],
    'migrate-set-capabilities': () => ({}),
    'migrate-set-parameters': () => ({}),
    migrate: () => {
      const socket = connect(join(folder, machineFileNames.memorySocket));
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => {});
      socket.end('memory');
      emit('STOP', 1000);
      emit('RESUME', 1500);
      emit('STOP', 5000);
      emit('MIGRATION', 5010, { status: 'pre-switchover' });
    },
    'migrate-continue': () => {
      if (completes) emit('MIGRATION', 5030, { status: 'completed' });
    },
    'query-status': () => ({ status: 'postmigrate' }),
    cont: () => emit('RESUME', 5040),
  });
  const client: QmpClient = {
    ...monitor,
    onEvent(listener) {
      listen = listener;
      return () => {};
    },
  };
  const done = forkGuest(client, {
    ...{ folder, path, user: process.getuid?.() ?? 0, clock: completes ? systemClock : hasty },
    ...{ deadline: systemClock.elapsed() + 60_000, bytesMax: 1000, freeBytesMin: 0 },
    ...{ room: { look: async () => [] }, signal: new AbortController().signal, disks: [] },
    ...{ writeBack: async () => {}, holding: (work) => work(), refusal },
  });
  return { done, commands, path };
}

test('the pause is that of the instant, whatever has paused the guest before', async () => {
  const { done, path } = await fork();
  expect(await done).toEqual({ stoppedAtMs: 5000, pauseMs: 40 });
  expect(await readFile(path, 'latin1')).toBe('memory');
});

test('a guest does not stand still for longer than two seconds', async () => {
  const { done, commands, path } = await fork({ completes: false });
  await expect(done).rejects.toThrow('paused for more than 2000 ms');
  await expect(done).rejects.toBeInstanceOf(MemoryNotKeptError);
  expect(commands).not.toContain('cont');
  await expect(readFile(path)).rejects.toThrow('ENOENT');
});

test('a guest that is paused or reset while it is copied is not forked', async () => {
  const { done, commands } = await fork({ refusal: () => 'its guest was reset meanwhile' });
  await expect(done).rejects.toThrow('was reset meanwhile');
  expect(commands).not.toContain('migrate-continue');
});

test('a copy of the memory that QEMU does not end is not waited for', async () => {
  const { client } = fakeMonitor({
    'query-status': () => ({ status: 'finish-migrate' }),
    'query-migrate': () => ({ status: 'cancelling' }),
    migrate_cancel: () => ({}),
  });
  const options = { copyIds: [], clock: systemClock, mayGoOn: () => true, limitMs: 30 };
  await expect(endForkIn(client, options)).rejects.toBeInstanceOf(MachineUnresponsiveError);
});

test.each([
  [true, true],
  [false, false],
])(
  'a guest that is paused since goes on, unless it is stopped otherwise',
  async (mayGoOn, goesOn) => {
    const { client, commands } = fakeMonitor({
      'query-status': () => ({ status: 'postmigrate' }),
      'query-migrate': () => ({ status: 'completed' }),
      'migrate-set-capabilities': () => ({}),
      'query-block-jobs': () => [],
      'query-named-block-nodes': () => [],
      cont: () => ({}),
    });
    const options = { copyIds: [], clock: systemClock, mayGoOn: () => mayGoOn, limitMs: 1000 };
    await endForkIn(client, options);
    expect(commands.includes('cont')).toBe(goesOn);
  },
);
