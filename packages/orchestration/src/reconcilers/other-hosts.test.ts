import { silentLogger } from '@bakehouse/base';
import type { HostId, MetadataReader } from '@bakehouse/domain';
import { seededIds } from '@bakehouse/fakes';
import { aHostId, anInstance, aWorkflow } from '@bakehouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { createControlPlane } from '../control-plane.ts';
import { launchInstance } from '../testing/launch-instance.ts';
import { testPlane, testSettings } from '../testing/test-plane.ts';
import { forgetOld } from './housekeeping.ts';
import { handleMachineEvent } from './machine-events.ts';
import { noticeMissingMachines, reconcileMachines } from './reconcile-machines.ts';
import { checkStatuses } from './status-checks.ts';

const otherHostId: HostId = 'host-0bbbbbbbbbbbbbbb1';

/** All records of what is on a host, and the work on it. */
async function placedRecords(reader: MetadataReader) {
  return {
    instances: await reader.list('instance'),
    volumes: await reader.list('volume'),
    networkInterfaces: await reader.list('networkInterface'),
    work: await reader.list('workflow'),
  };
}

/**
 * The next control plane of this host over records of `hostId`: an instance that runs without a machine, a volume that is
 * being filled, an instance that ended long ago, and work that no program knows.
 */
async function worldOf(hostId: HostId) {
  const { clock, metadata, drivers, plane: earlier, ...world } = await testPlane();
  const { id } = await launchInstance({ clock, metadata, drivers, plane: earlier, ...world });
  await earlier.stop();
  await drivers.compute.kill(id);
  await metadata.write(async (tx) => {
    for (const instance of await tx.list('instance')) {
      const status = { system: 'ok', instance: 'ok' } as const;
      await tx.put('instance', { ...instance, hostId, status });
    }
    for (const nic of await tx.list('networkInterface'))
      await tx.put('networkInterface', { ...nic, hostId });
    for (const volume of await tx.list('volume')) {
      const initialization = { state: 'initializing', startedAt: 0, progressPercent: 0 } as const;
      await tx.put('volume', { ...volume, hostId, initialization });
    }
    const ended = { id: 'i-0ccccccccccccccc1', state: 'terminated', terminatedAt: 0 } as const;
    await tx.put('instance', anInstance({ ...ended, hostId }));
    await tx.put('workflow', aWorkflow({ kind: 'of-tomorrow', lanes: [id], hostId }));
  });
  const plane = createControlPlane({
    metadata,
    drivers,
    clock,
    ids: seededIds('next'),
    logger: silentLogger,
    settings: testSettings,
  });
  onTestFinished(() => plane.stop());
  return {
    plane,
    context: plane.adminContext(world.scope, new AbortController().signal),
    event: { instanceId: id, generation: 1 },
    look: async () => ({
      records: await metadata.read(placedRecords),
      disks: await drivers.volumes.list(),
      nics: await drivers.network.list(),
      published: await drivers.publisher.list(),
    }),
  };
}

type World = Awaited<ReturnType<typeof worldOf>>;

const reconcilers: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'missing machines': ({ context }) => noticeMissingMachines(context),
  'machines at a start': ({ context }) => reconcileMachines(context),
  'status checks': ({ context }) => checkStatuses(context, false),
  'the end of a machine': ({ context, event }) =>
    handleMachineEvent(context, { ...event, kind: 'exited', reason: 'crashed' }),
  'a paused guest': ({ context, event }) =>
    handleMachineEvent(context, { ...event, kind: 'paused', reason: 'its disk is full' }),
  housekeeping: ({ context }) => forgetOld(context),
  'a whole start': async ({ plane }) => {
    await plane.start();
    await plane.engine.settle();
  },
};

test.each(Object.entries(reconcilers))('%s: acts on what is here', async (_, reconcile) => {
  const world = await worldOf(aHostId);
  const before = await world.look();
  await reconcile(world);
  expect(await world.look()).not.toEqual(before);
});

test.each(Object.entries(reconcilers))('%s: leaves other hosts alone', async (_, reconcile) => {
  const world = await worldOf(otherHostId);
  const before = await world.look();
  await reconcile(world);
  expect(await world.look()).toEqual(before);
});
