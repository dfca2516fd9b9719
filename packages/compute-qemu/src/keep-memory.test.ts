import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiB, systemClock } from '@bakehouse/base';
import { MemoryNotKeptError } from '@bakehouse/domain';
import { QmpClosedError, QmpError } from '@bakehouse/qmp';
import { expect, onTestFinished, test } from 'vitest';
import { saveMemory, waitsForCard } from './keep-memory.ts';
import { machineFileNames } from './machine-files.ts';
import { fakeMonitor, type Replies } from './testing/fake-monitor.ts';

interface Machine {
  readonly folder: string;
  readonly replies: Replies;
}

/** A machine that sends this, and closes its connection. */
async function machine(
  write: (socket: Socket) => void = (socket) => socket.end('memory'),
): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-keep-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const replies: Replies = {
    'migrate-set-parameters': () => ({}),
    migrate: async () => {
      const socket = connect(join(folder, machineFileNames.memorySocket));
      socket.on('error', () => {});
      onTestFinished(() => void socket.destroy());
      await once(socket, 'connect');
      write(socket);
    },
    'query-migrate': () => ({ status: 'completed' }),
  };
  return { folder, replies };
}

interface Limits {
  readonly limitMs?: number;
  readonly freeBytes?: number;
  readonly signal?: AbortSignal;
}

async function save({ folder, replies }: Machine, limits: Limits = {}): Promise<void> {
  const { limitMs = 30_000, freeBytes = 2 ** 40, signal = new AbortController().signal } = limits;
  const { dev: device } = await stat(folder);
  const elsewhere = { device: device + 1, path: '/', freeBytes: 0, reservedBytes: 2 ** 30 };
  const here = { device, path: folder, freeBytes, reservedBytes: 2 ** 30 };
  await saveMemory(fakeMonitor(replies).client, {
    folder,
    halt: async () => {},
    user: process.getuid?.() ?? 0,
    clock: systemClock,
    deadline: systemClock.elapsed() + limitMs,
    bytesMax: MiB,
    room: { look: async () => [elsewhere, here] },
    freeBytesMin: MiB,
    signal,
  });
}

/** What a machine without an end of its memory does. */
const endless = (socket: Socket) => {
  const more = (error?: Error | null) => {
    if (!error) socket.write(Buffer.alloc(64 * 1024), more);
  };
  more();
};
const waiting = { 'query-migrate': () => ({ status: 'active' }) };

test('what the machine sends is kept when QEMU says that it was all', async () => {
  const kept = await machine();
  const states = ['setup', 'active', 'completed'];
  const replies = { ...kept.replies, 'query-migrate': () => ({ status: states.shift() }) };
  await save({ ...kept, replies });
  expect(await readdir(kept.folder)).toEqual([machineFileNames.memory]);
  expect(await readFile(join(kept.folder, machineFileNames.memory), 'utf8')).toBe('memory');
});

const thrown = (error: Error) => () => {
  throw error;
};
const refusal = new QmpError({ command: 'migrate', class: 'GenericError', desc: 'not now' });

test.each<[string, (socket: Socket) => void, Replies, Limits, string]>([
  ['never ends', endless, waiting, {}, 'its memory takes more than 1 MiB'],
  ['sends nothing', () => {}, waiting, { limitMs: 50 }, 'not written in time'],
  ['keeps its connection', () => {}, {}, { limitMs: 50 }, 'not written in time'],
  ['does not connect', () => {}, { migrate: () => ({}), ...waiting }, { limitMs: 50 }, 'in time'],
  ['refuses', () => {}, { migrate: thrown(refusal) }, {}, 'not now'],
  ['ends', () => {}, { 'query-migrate': thrown(new QmpClosedError('it ended')) }, {}, 'it ended'],
  [
    'fails',
    (socket) => socket.end('mem'),
    { 'query-migrate': () => ({ status: 'failed', 'error-desc': 'no such device' }) },
    {},
    'no such device',
  ],
  ['finds a full disk', endless, waiting, { freeBytes: 2 ** 30 }, 'is full'],
])('a machine that %s: nothing is kept', async (_, write, replies, limits, why) => {
  const { folder, replies: usual } = await machine(write);
  const error = await save({ folder, replies: { ...usual, ...replies } }, limits).catch(
    (each: unknown) => each,
  );
  expect(error).toBeInstanceOf(MemoryNotKeptError);
  expect(`${error}`).toContain(why);
  expect(await readdir(folder)).toEqual([]);
});

/** Waits for a guest that has written this. */
async function waitFor(text: string): Promise<void> {
  const { folder } = await machine();
  const times = { spawnedAt: 1, respondedAt: 1, consoleFrom: 0, arrivals: [] };
  const boot = { version: 1, generation: 1, ...times };
  await writeFile(join(folder, machineFileNames.boot), JSON.stringify(boot));
  await writeFile(join(folder, machineFileNames.serial), text);
  const { signal } = new AbortController();
  await waitsForCard(folder, { clock: systemClock, limitMs: 30, signal, runs: async () => true });
}

test('a guest that waits for its card says so, and one that cannot be a template says why', async () => {
  await waitFor('[1.5] bakehouse: waiting for a network card\r\n');
  const refused = waitFor('x\r\nbakehouse: no template: copies would share much\r\nmore');
  await expect(refused).rejects.toThrow(new MemoryNotKeptError('copies would share much'));
  const long = waitFor(`bakehouse: no template: ${'x'.repeat(1000)}\n`);
  await expect(long).rejects.toThrow(new MemoryNotKeptError('x'.repeat(200)));
  // Not all of the line is there yet.
  await expect(waitFor('bakehouse: no template: cop')).rejects.toThrow('did not wait');
});

test('who asked can give it up', async () => {
  const stopping = new AbortController();
  const { folder, replies } = await machine();
  const reason = new Error('no longer wanted');
  const progress = () => {
    stopping.abort(reason);
    return { status: 'active' };
  };
  const given = save({ folder, replies: { ...replies, 'query-migrate': progress } }, stopping);
  await expect(given).rejects.toBe(reason);
  expect(await readdir(folder)).toEqual([]);
});
