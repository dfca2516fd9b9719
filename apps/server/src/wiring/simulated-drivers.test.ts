import { ManualClock, MemoryMetadataStore } from '@bakehouse/fakes';
import { recipeNames } from '@bakehouse/imagebuilder';
import { aHostId, aNetworkInterface, anInstance } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { wireSimulatedDrivers } from './simulated-drivers.ts';

test('the machines of running instances outlive the server, but for those of another host', async () => {
  const metadata = new MemoryMetadataStore();
  await metadata.write(async (tx) => {
    await tx.put('networkInterface', aNetworkInterface());
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
