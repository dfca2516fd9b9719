import { silentLogger } from '@bakehouse/base';
import { ManualClock, MemoryMetadataStore, seededIds } from '@bakehouse/fakes';
import { recipeNames } from '@bakehouse/imagebuilder';
import {
  adminHandlers,
  createControlPlane,
  firstAccountId,
  platformAccountId,
} from '@bakehouse/orchestration';
import { aHostId, aNetworkInterface, anAttachment, anInstance } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { wireSimulatedDrivers } from './simulated-drivers.ts';

test('the machines of running instances outlive the server, but for those of another host', async () => {
  const metadata = new MemoryMetadataStore();
  await metadata.write(async (tx) => {
    const attachment = anAttachment('i-here');
    await tx.put('networkInterface', aNetworkInterface({ attachment }));
    await tx.put('instance', anInstance({ id: 'i-here' }));
    await tx.put('instance', anInstance({ id: 'i-stopped', state: 'stopped' }));
    await tx.put('instance', anInstance({ id: 'i-elsewhere', hostId: 'host-0bbbbbbbbbbbbbbb1' }));
  });
  const parts = { clock: new ManualClock(), metadata, hostId: aHostId };
  const { drivers } = await wireSimulatedDrivers(parts);
  const machines = await drivers.compute.list();
  expect(machines.map(({ instanceId }) => instanceId)).toEqual(['i-here']);
});

test('simulated bakes know the recipes of real ones', async () => {
  const parts = { clock: new ManualClock(), metadata: new MemoryMetadataStore(), hostId: aHostId };
  const { drivers } = await wireSimulatedDrivers(parts);
  expect(drivers.builder.recipes).toEqual(recipeNames);
});

const regions = ['us-east-1'];
const scope = { accountId: firstAccountId, region: 'us-east-1' };

/** The drivers and control plane of one server process on the records. */
async function serverOn(metadata: MemoryMetadataStore, name: string) {
  const clock = new ManualClock();
  const { drivers } = await wireSimulatedDrivers({
    clock: { now: () => clock.now(), elapsed: () => 0, sleep: async () => {} },
    metadata,
    hostId: aHostId,
  });
  const plane = createControlPlane({
    metadata,
    drivers,
    clock,
    ids: seededIds(name),
    logger: silentLogger,
    settings: {
      regions,
      platformAccountId,
      compute: 'simulated',
      hostId: aHostId,
      publicCidr: '127.18.0.0/16',
    },
  });
  return { drivers, plane };
}

test.each(['capture', 'find'] as const)(
  'a bake that was killed at the %s of its map is completed by the next server',
  async (member) => {
    const metadata = new MemoryMetadataStore();
    const killed = await serverOn(metadata, 'killed');
    const reached = Promise.withResolvers<void>();
    // From here on it does nothing, as after a kill.
    const hang = () => {
      reached.resolve();
      return new Promise<never>(() => {});
    };
    Object.assign(killed.drivers.snapshots, { [member]: hang });
    await killed.plane.start();
    const context = killed.plane.adminContext(scope, new AbortController().signal);
    const { bakeId } = await adminHandlers.BakeStart(context, {}, () => {});
    await reached.promise;
    const next = await serverOn(metadata, 'next');
    await next.plane.start();
    await next.plane.engine.settle();
    expect(await metadata.read((tx) => tx.get('bake', bakeId))).toMatchObject({
      state: 'completed',
      images: [{ region: 'us-east-1' }],
    });
  },
);
