import { systemClock } from '@bakehouse/base';
import { MemoryNotKeptError } from '@bakehouse/domain';
import type { JsonObject } from '@bakehouse/qmp';
import { expect, test } from 'vitest';
import { MachineUnresponsiveError } from './compute-errors.ts';
import { beginMirror, endMirrors, mirrorsReady } from './disk-mirrors.ts';
import { EventWatch } from './event-watch.ts';
import { fakeMonitor } from './testing/fake-monitor.ts';

const volumeId = 'vol-00000000000000001';
const copyId = 'vol-00000000000000002';
const disk = { volumeId, copyId } as const;
const job = `fork-${copyId}`;
const ending = { clock: systemClock, deadline: systemClock.elapsed() + 60_000 };

test('nothing waits until a copy is on the host’s disk', async () => {
  const added: JsonObject[] = [];
  const { client, commands } = fakeMonitor({
    'blockdev-add': (node) => added.push(node),
    'blockdev-mirror': ({ device, target, sync }) =>
      expect({ device, target, sync }).toEqual({ device: volumeId, target: copyId, sync: 'top' }),
  });
  await beginMirror(client, disk, [
    { driver: 'file', 'node-name': `${copyId}-f` },
    { driver: 'qcow2', 'node-name': copyId },
  ]);
  expect(added).toMatchObject([
    { driver: 'file', cache: { 'no-flush': true }, 'drop-cache': false },
    { driver: 'qcow2', cache: { 'no-flush': true } },
  ]);
  expect(added[1]).not.toHaveProperty('drop-cache');
  expect(commands.at(-1)).toBe('blockdev-mirror');
});

test('copies are waited for until all are ready; one that is gone has failed', async () => {
  const lists = [[{ device: job, ready: false }], [{ device: job, ready: true }]];
  const { client } = fakeMonitor({ 'query-block-jobs': () => lists.shift() ?? [] });
  using watch = new EventWatch(client);
  const waiting = { watch, clock: systemClock, signal: new AbortController().signal };
  await mirrorsReady(client, [disk], waiting);
  expect(lists).toEqual([]);
  const gone = mirrorsReady(client, [disk], waiting);
  await expect(gone).rejects.toBeInstanceOf(MemoryNotKeptError);
});

test('what is left of copies is ended, and only that', async () => {
  const jobs = [{ device: 'hydrate-vol-00000000000000001' }, { device: job }];
  const nodes = [volumeId, `${volumeId}-f`, `${copyId}-f`, `${copyId}-b`, copyId];
  const removed: unknown[] = [];
  const { client } = fakeMonitor({
    'query-block-jobs': () => jobs,
    'block-job-cancel': ({ device }) => {
      expect(device).toBe(job);
      jobs.pop();
    },
    'query-named-block-nodes': () => nodes.map((name) => ({ 'node-name': name })),
    'blockdev-del': ({ 'node-name': name }) => removed.push(name),
  });
  await endMirrors(client, [copyId], ending);
  expect(removed).toEqual([copyId, `${copyId}-f`, `${copyId}-b`]);
});

test('copies of which only the jobs are known are ended, too; a job that does not end is not waited for', async () => {
  const jobs = [{ device: job }];
  const removed: unknown[] = [];
  const { client } = fakeMonitor({
    'query-block-jobs': () => jobs,
    'block-job-cancel': () => jobs.pop(),
    'query-named-block-nodes': () => [{ 'node-name': copyId }],
    'blockdev-del': ({ 'node-name': name }) => removed.push(name),
  });
  await endMirrors(client, [], ending);
  expect(removed).toEqual([copyId]);
  const stuck = fakeMonitor({
    'query-block-jobs': () => [{ device: job }],
    'block-job-cancel': () => ({}),
  });
  const left = endMirrors(stuck.client, [], { clock: systemClock, deadline: 0 });
  await expect(left).rejects.toBeInstanceOf(MachineUnresponsiveError);
});
