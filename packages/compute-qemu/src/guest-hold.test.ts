import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KiB, type Logger, systemClock } from '@bakehouse/base';
import type { MachineEvent } from '@bakehouse/domain';
import { type QmpClient, QmpTimeoutError } from '@bakehouse/qmp';
import { expect, onTestFinished, test, vi } from 'vitest';
import { computeLimitsDefault } from './compute-limits.ts';
import { GuestHold } from './guest-hold.ts';
import { readHold, writeHold } from './hold-record.ts';
import { machineFileNames } from './machine-files.ts';
import { sessionOfThisProcess } from './testing/session-of-this-process.ts';

const record = { instanceId: 'i-0123456789abcdef0', generation: 1, claimBytes: 0 } as const;
const held = { generation: 1, reason: 'the disk is full', at: 1 };

/** A monitor and its guest. A command in `late` takes effect, and its response comes too late. */
class FakeGuest implements QmpClient {
  readonly version = '7.2.0';
  readonly #closed = Promise.withResolvers<undefined>();
  readonly closed = this.#closed.promise;
  readonly commands: string[] = [];
  readonly late = new Set<string>();
  status = 'running';
  onResume = () => {};

  async execute(command: string): Promise<unknown> {
    this.commands.push(command);
    if (command === 'stop') this.status = 'paused';
    if (command === 'cont' && this.status === 'paused') this.#resume();
    if (this.late.delete(command)) throw new QmpTimeoutError(`${command}: no response`);
    return command === 'query-status' ? { status: this.status } : {};
  }

  #resume(): void {
    this.status = 'running';
    this.onResume();
  }

  onEvent() {
    return () => {};
  }

  async close() {
    this.#closed.resolve(undefined);
  }
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-hold-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

function makeHold(folder: string) {
  const events: MachineEvent['kind'][] = [];
  const logged: string[] = [];
  const logger: Logger = { log: (_, message) => logged.push(message), with: () => logger };
  const hold = new GuestHold({
    ...{ folder, record, clock: systemClock, logger, limits: computeLimitsDefault },
    emit: ({ kind }) => events.push(kind),
  });
  return { hold, events, logged };
}

test('a guest that was stopped for good does not go on under the next control plane', async () => {
  const folder = await makeFolder();
  const guest = new FakeGuest();
  // QEMU keeps a guest in this state that it has paused by itself.
  guest.status = 'io-error';
  const { hold } = makeHold(folder);
  await hold.known();
  expect(hold.mayGoOn).toBe(true);
  await hold.halt(guest);
  const next = makeHold(folder);
  await next.hold.find(guest);
  expect(next.hold.mayGoOn).toBe(false);
});

test('a guest whose continuation took too long is not paused by the next control plane', async () => {
  const folder = await makeFolder();
  const guest = new FakeGuest();
  const { hold } = makeHold(folder);
  expect(await hold.begin(guest, held.reason)).toBe(true);
  const resumed = Promise.withResolvers<string | undefined>();
  guest.onResume = () => resumed.resolve(hold.lifted());
  guest.late.add('cont');
  await expect(hold.end(guest)).rejects.toThrow(QmpTimeoutError);
  expect(await resumed.promise).toBe(held.reason);
  expect(hold.reason).toBeUndefined();
  expect(await hold.end(guest)).toBe(true);
  const next = makeHold(folder);
  await next.hold.find(guest);
  expect(next.hold.reason).toBeUndefined();
  expect(guest.commands).toEqual(['query-status', 'stop', 'cont']);
});

test('the next connection does not pause a guest that has gone on unseen', async () => {
  const folder = await makeFolder();
  const guest = new FakeGuest();
  const { hold, events } = makeHold(folder);
  await hold.begin(guest, held.reason);
  guest.late.add('cont');
  await expect(hold.end(guest)).rejects.toThrow(QmpTimeoutError);
  await hold.find(guest);
  expect(events).toEqual(['paused', 'resumed']);
  expect(guest.commands).toEqual(['query-status', 'stop', 'cont', 'query-status']);
  expect(await readHold(folder, 1)).toBeUndefined();
});

test('a guest that counts as held and runs is released, though QEMU reports no continuation', async () => {
  const folder = await makeFolder();
  await writeHold(folder, held);
  const { hold, events } = makeHold(folder);
  expect(await hold.end(new FakeGuest())).toBe(true);
  expect(hold.reason).toBeUndefined();
  expect(events).toEqual(['resumed']);
  expect(await readHold(folder, 1)).toBeUndefined();
});

test('a hold that begins as the one before ends keeps its record', async () => {
  const folder = await makeFolder();
  const guest = new FakeGuest();
  const { hold } = makeHold(folder);
  await hold.begin(guest, 'first');
  guest.status = 'running';
  expect(hold.lifted()).toBe('first');
  expect(await hold.begin(guest, 'second')).toBe(true);
  expect(await readHold(folder, 1)).toMatchObject({ reason: 'second' });
});

test('a guest that was to be held is paused, also when its machine responds too late at first', async () => {
  const folder = await makeFolder();
  await writeHold(folder, held);
  const guest = new FakeGuest();
  guest.late.add('query-status').add('stop');
  await sessionOfThisProcess(folder, { statusMs: 1 }, guest);
  await vi.waitFor(() => expect(guest.status).toBe('paused'), 10_000);
});

test('a held guest that is halted is not held while it is stopped, so nobody lets it go on', async () => {
  const folder = await makeFolder();
  const guest = new FakeGuest();
  const { hold } = makeHold(folder);
  await hold.begin(guest, held.reason);
  guest.late.add('stop');
  await expect(hold.halt(guest)).rejects.toThrow(QmpTimeoutError);
  expect(hold.reason).toBeUndefined();
  expect(hold.mayGoOn).toBe(false);
  expect(await readHold(folder, 1)).toBeUndefined();
  expect(await hold.end(guest)).toBe(true);
  expect(guest.status).toBe('paused');
});

/** It is no record, and the next one that is written takes its place at once. */
const breakRecord = (folder: string) =>
  writeFile(join(folder, machineFileNames.hold), Buffer.alloc(65 * KiB));

test('a record that cannot be read is logged once and read again: until then the guest counts as not held', async () => {
  const folder = await makeFolder();
  await breakRecord(folder);
  const guest = new FakeGuest();
  const { hold, logged } = makeHold(folder);
  expect([await hold.find(guest), await hold.find(guest)]).toEqual([false, false]);
  expect(hold.reason).toBeUndefined();
  expect(await hold.end(guest)).toBe(false);
  expect(logged).toHaveLength(1);
  await writeHold(folder, held);
  await hold.known();
  expect(hold.reason).toBe(held.reason);
  expect(await hold.find(guest)).toBe(true);
  expect(guest.commands).toEqual(['query-status', 'stop']);
});

test('a record that can be read again does not bring back a hold that has ended', async () => {
  const folder = await makeFolder();
  await breakRecord(folder);
  const guest = new FakeGuest();
  const { hold } = makeHold(folder);
  expect(await hold.begin(guest, 'later')).toBe(true);
  expect(await hold.end(guest)).toBe(true);
  await writeHold(folder, held);
  expect(await hold.find(guest)).toBe(true);
  expect([hold.reason, guest.status]).toEqual([undefined, 'running']);
});

test('a session pauses its guest when the record can be read', async () => {
  const folder = await makeFolder();
  await breakRecord(folder);
  const guest = new FakeGuest();
  const session = await sessionOfThisProcess(folder, { statusMs: 1 }, guest);
  await session.hold.known();
  await writeHold(folder, held);
  await vi.waitFor(() => expect(guest.status).toBe('paused'), 10_000);
});
