import type { InstanceId } from '@bakehouse/domain';
import { MemoryMetadataStore } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { health } from './health.ts';
import { simulatedPowers } from './wiring/simulated-powers.ts';

const config = readConfig(['--compute', 'simulated', '--data', '/nowhere'], {});

test('healthz is impaired while a guest stands or a disk is full, and says which and why', async () => {
  const metadata = new MemoryMetadataStore();
  const wired = await simulatedPowers({
    clock: { now: () => 0, elapsed: () => 0, sleep: async () => {} },
    metadata,
  });
  expect(await health(config, metadata, wired)).toMatchObject({ status: 'ok', problems: [] });
  const compute = Object.assign(Object.create(wired.powers.compute), {
    stalled: async () => new Map<InstanceId, string>([['i-1', 'its disk is full']]),
  });
  const room = { shortages: async () => ['the file system of /data is full'] };
  const impaired = { ...wired, powers: { ...wired.powers, compute, room } };
  expect(await health(config, metadata, impaired)).toMatchObject({
    status: 'impaired',
    problems: [
      'the guest of i-1 stands still: its disk is full',
      'the file system of /data is full',
    ],
  });
});
