import { expect, test } from 'vitest';
import { launchInstance } from '../testing/launch-instance.ts';
import { testPlane } from '../testing/test-plane.ts';
import { instanceBoot } from './instance-boot.ts';

const ignore = () => {};

test('a start that succeeded has each moment of the server, in order', async () => {
  const world = await testPlane();
  const { id: instanceId } = await launchInstance(world);
  const context = world.plane.adminContext(world.scope, new AbortController().signal);
  const boot = await instanceBoot(context, { instanceId }, ignore);
  expect(boot).toMatchObject({ instanceId, generation: 1 });
  const server = boot.events.filter(({ source }) => source === 'server').map(({ name }) => name);
  expect(server).toEqual([
    'request accepted',
    'planned',
    'committed',
    'overlays made',
    'network policy applied',
    'network port made',
    'metadata published',
    'QEMU started',
    "QEMU's monitor responded",
  ]);
});

test('an instance that does not exist is refused', async () => {
  const { plane, scope } = await testPlane();
  const context = plane.adminContext(scope, new AbortController().signal);
  const input = { instanceId: 'i-0123456789abcdef0' } as const;
  await expect(instanceBoot(context, input, ignore)).rejects.toMatchObject({
    code: 'InvalidInstanceID.NotFound',
  });
});
