import { silentLogger } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { launchInstance } from '../testing/launch-instance.ts';
import { testPlane, testSettings } from '../testing/test-plane.ts';
import { startInstanceWorkflow } from '../workflows/start-instance.ts';
import { handleMachineEvent } from './machine-events.ts';

test('the end of a machine changes nothing when it is reported twice, or late', async () => {
  const world = await testPlane();
  const { clock, metadata, plane, settle } = world;
  const { engine } = plane;
  const { id: instanceId } = await launchInstance(world);
  const read = () => world.read((reader) => reader.get('instance', instanceId));
  world.drivers.compute.exit(instanceId, 'guest-shutdown');
  await clock.advanceUntil(async () => (await read())?.state === 'stopped');

  await engine.write(async (tx) => {
    const stopped = await tx.get('instance', instanceId);
    if (!stopped) throw new Error(`${instanceId} has no record`);
    await tx.put('instance', { ...stopped, state: 'pending', generation: 2 });
    const input = { instanceId, generation: 2, firstLaunch: false };
    await startInstanceWorkflow.enqueue(tx, input);
  });
  await settle();
  const context = { engine, metadata, clock, logger: silentLogger, settings: testSettings };
  const event = { kind: 'exited', instanceId, generation: 1, reason: 'guest-shutdown' } as const;
  await handleMachineEvent(context, event);
  await handleMachineEvent(context, { ...event, generation: 2 });
  await settle();
  expect((await read())?.state).toBe('running');
});

test('a guest that is paused stays so over a reset, and shows since when and why', async () => {
  const world = await testPlane();
  const { clock, metadata, plane } = world;
  const { id: instanceId, generation } = await launchInstance(world);
  const statusNow = async () =>
    (await world.read((reader) => reader.get('instance', instanceId)))?.status;
  const context = {
    ...{ engine: plane.engine, metadata, clock },
    ...{ logger: silentLogger, settings: testSettings },
  };
  const at = { instanceId, generation } as const;
  await handleMachineEvent(context, { kind: 'paused', ...at, reason: 'the disk is full' });
  const paused = await statusNow();
  expect(paused).toMatchObject({ instance: 'impaired', pausedBecause: 'the disk is full' });
  await handleMachineEvent(context, { kind: 'rebooted', ...at });
  expect(await statusNow()).toEqual(paused);
  await handleMachineEvent(context, { kind: 'resumed', ...at });
  expect(await statusNow()).toMatchObject({ instance: 'initializing' });
  expect(await statusNow()).not.toHaveProperty('pausedBecause');
});
