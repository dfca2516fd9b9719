import type { NetworkInterfaceId, PolicyChange } from '@bakehouse/domain';
import { FakeWorld, settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import { launch, outputOf } from './scenes.ts';
import { startPlatform } from './simulated-platform.ts';

test('an interface whose detachment is asked for while it is being attached stays detaching', async () => {
  const world = new FakeWorld({ seed: 'overtaken' });
  const run = await startPlatform(world);
  const { instanceId } = await launch(run, world);
  const instance = await world.metadata.read((tx) => tx.get('instance', instanceId));
  const SubnetId = instance?.subnetId ?? '';
  const made = outputOf(await run.call('CreateNetworkInterface', { SubnetId }));
  const nicId = made.NetworkInterface?.NetworkInterfaceId as NetworkInterfaceId;
  const stateOf = async () =>
    (await world.metadata.read((tx) => tx.get('networkInterface', nicId)))?.attachment?.state;

  const attachNic = world.compute.attachNic.bind(world.compute);
  const held = Promise.withResolvers<void>();
  world.compute.attachNic = async (...call) => {
    await held.promise;
    await attachNic(...call);
  };
  const detachNic = world.compute.detachNic.bind(world.compute);
  const seen: unknown[] = [];
  world.compute.detachNic = async (...call) => {
    seen.push(await stateOf());
    await detachNic(...call);
  };
  const target = { InstanceId: instanceId, NetworkInterfaceId: nicId, DeviceIndex: 1 };
  const { AttachmentId = '' } = outputOf(await run.call('AttachNetworkInterface', target));
  await settle();
  expect(await stateOf()).toBe('attaching');
  outputOf<object>(await run.call('DetachNetworkInterface', { AttachmentId, Force: true }));
  held.resolve();
  await run.rest();
  expect(seen).toEqual(['detaching']);
  expect(await stateOf()).toBeUndefined();
  await checkWorld(world);
});

test('a launch has the policy of its interface in force before it makes the port', async () => {
  const world = new FakeWorld({ seed: 'policy-first' });
  const run = await startPlatform(world);
  const named = new Set<string>();
  const changePolicy = world.network.changePolicy.bind(world.network);
  world.network.changePolicy = async (change: PolicyChange) => {
    await changePolicy(change);
    for (const nicId of change.nics.keys()) named.add(nicId);
  };
  const plug = world.network.plug.bind(world.network);
  const plugged: (readonly [nicId: string, isNamed: boolean])[] = [];
  world.network.plug = async (nic) => {
    plugged.push([nic.nicId, named.has(nic.nicId)]);
    return await plug(nic);
  };
  await launch(run, world);
  expect(plugged.length).toBeGreaterThan(0);
  expect(plugged.filter(([, isNamed]) => !isNamed)).toEqual([]);
  await checkWorld(world);
});
