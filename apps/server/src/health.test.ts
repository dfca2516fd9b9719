import type { InstanceId } from '@bakehouse/domain';
import { MemoryMetadataStore } from '@bakehouse/fakes';
import { aHostId, aWorkflow } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { health } from './health.ts';
import { wireSimulatedDrivers } from './wiring/simulated-drivers.ts';

const config = readConfig(['--compute', 'simulated', '--data', '/nowhere'], {});

const secrets = {};
const ready = { current: undefined };
const plane = { engine: { list: () => [], haltedBecause: undefined }, startup: ready };

test('healthz is impaired while a guest is paused, a disk is full or a key is missing, and says which and why', async () => {
  const metadata = new MemoryMetadataStore();
  const wired = await wireSimulatedDrivers({
    clock: { now: () => 0, elapsed: () => 0, sleep: async () => {} },
    metadata,
    hostId: aHostId,
  });
  expect(await health(config, { metadata, wired, plane, secrets })).toMatchObject({
    status: 'ok',
    problems: [],
  });
  const compute = Object.assign(Object.create(wired.drivers.compute), {
    stalled: async () => new Map<InstanceId, string>([['i-1', 'its disk is full']]),
  });
  const room = { shortages: async () => ['the file system of /data is full'] };
  const impaired = { ...wired, drivers: { ...wired.drivers, compute, room } };
  expect(
    await health(config, {
      metadata,
      wired: impaired,
      plane,
      secrets: { problem: 'the key is missing' },
    }),
  ).toMatchObject({
    status: 'impaired',
    problems: [
      'the guest of i-1 is paused: its disk is full',
      'the file system of /data is full',
      'the key is missing',
    ],
  });
});

test('healthz names parked work and a halt of all work, which wait for an operator', async () => {
  const metadata = new MemoryMetadataStore();
  const wired = await wireSimulatedDrivers({
    clock: { now: () => 0, elapsed: () => 0, sleep: async () => {} },
    metadata,
    hostId: aHostId,
  });
  const workflow = aWorkflow({ id: 'wf-1', kind: 'of-tomorrow', lanes: ['i-1', 'vol-1'] });
  const problem = { code: 'UnknownKind', message: 'nobody knows it' };
  const parked = { workflow, step: 'first', status: 'parked', problem } as const;
  const engine = { list: () => [parked], haltedBecause: 'wf-2 belongs to another server by now' };
  expect(
    await health(config, { metadata, wired, secrets, plane: { engine, startup: ready } }),
  ).toMatchObject({
    status: 'impaired',
    problems: [
      'no workflow runs any more: wf-2 belongs to another server by now; restart this server',
      "the work wf-1 (of-tomorrow) on i-1, vol-1 is parked: nobody knows it; see 'bakehouse workflows'",
    ],
  });
});
