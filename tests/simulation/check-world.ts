import type { FastLaunch } from '@bakehouse/domain';
import type { FakeWorld } from '@bakehouse/fakes';
import { expect } from 'vitest';
import { forbiddenTransitions } from './watched-transitions.ts';

const settled = {
  instance: ['running', 'stopped', 'terminated'],
  image: ['available', 'failed'],
  snapshot: ['completed', 'error'],
  volume: ['available', 'in-use', 'error'],
  bake: ['completed', 'failed', 'cancelled'],
  natGateway: ['available', 'deleted', 'failed'],
  fastLaunch: ['enabled', 'enabling-failed'],
} as const;

const idsOf = (records: readonly { readonly id: string }[]) =>
  new Set(records.map((record) => record.id));

/**
 * The interfaces of running instances, and no others, are connected, in their machines and in their metadata; the
 * policy has those of all instances; and each association of an address is with an interface that has the private one.
 */
async function checkInterfaces(world: FakeWorld): Promise<void> {
  const { running, nics, addresses, gateways } = await world.metadata.read(async (tx) => ({
    running: await tx.list('instance', { where: { state: ['running'] } }),
    nics: await tx.list('networkInterface'),
    addresses: await tx.list('elasticAddress'),
    gateways: await tx.list('natGateway'),
  }));
  for (const { state } of gateways) expect(settled.natGateway).toContain(state);
  expect(nics.filter(({ attachment }) => attachment?.state !== undefined)).toEqual([]);
  const connected = new Set<string>();
  for (const { id } of running) {
    const own = nics.filter(({ attachment }) => attachment?.instanceId === id);
    const machine = world.compute.machines().find((each) => each.spec.instanceId === id);
    expect(new Set(machine?.nics.map(({ nicId }) => nicId))).toEqual(idsOf(own));
    const shown = world.publisher.read(id)?.interfaces ?? [];
    expect(new Set(shown.map(({ interfaceId }) => interfaceId))).toEqual(idsOf(own));
    for (const nic of own) connected.add(nic.id);
  }
  expect(new Set(await world.network.list())).toEqual(connected);
  const attached = nics.filter(({ attachment }) => attachment !== undefined);
  expect(new Set(world.network.policy.nics.map(({ nicId }) => nicId))).toEqual(idsOf(attached));
  for (const { association } of addresses) {
    if (!association) continue;
    const nic = nics.find(({ id }) => id === association.nicId);
    expect([nic?.privateIp, ...(nic?.secondaryIps ?? [])]).toContain(association.privateIp);
  }
  const managed = nics.filter(({ kind }) => kind === 'nat_gateway');
  const lasting = gateways.filter(({ state }) => state === 'available');
  expect(idsOf(managed)).toEqual(
    new Set(lasting.flatMap((each) => each.addresses.map(({ nicId }) => nicId))),
  );
}

/** Memory is kept of the templates of images with fast launch, with the disk of each, and of nothing else. */
async function checkTemplates(world: FakeWorld, records: readonly FastLaunch[]): Promise<void> {
  const enabled = records.filter(({ state }) => state === 'enabled');
  const kept = world.compute.machines().filter(({ hasMemory }) => hasMemory);
  expect(new Set(kept.map(({ spec }) => spec.instanceId))).toEqual(
    new Set(enabled.map(({ template }) => template.instanceId)),
  );
  for (const { template } of enabled) {
    expect(await world.snapshots.find(template.mapId)).toBeDefined();
  }
}

/**
 * No fork is under way: no machine has copies open or is stopped for one, and as no instance is pending, none has memory
 * to begin with.
 */
function checkForks(world: FakeWorld): void {
  const machines = world.compute.machines();
  expect(machines.filter(({ fork }) => fork)).toEqual([]);
  expect(machines.filter(({ forkMemory }) => forkMemory)).toEqual([]);
}

/**
 * What holds whenever the platform is at rest: no work is left, no record is in a state that should pass or came to its
 * state against the tables, the outside is exactly what the records say, and both ends of every attachment agree.
 */
export async function checkWorld(world: FakeWorld): Promise<void> {
  const records = await world.metadata.read(async (tx) => ({
    instances: await tx.list('instance'),
    images: await tx.list('image'),
    snapshots: await tx.list('snapshot'),
    volumes: await tx.list('volume'),
    workflows: await tx.list('workflow'),
    bakes: await tx.list('bake'),
    fastLaunches: await tx.list('fastLaunch'),
  }));
  expect([...forbiddenTransitions(world)]).toEqual([]);
  expect(records.workflows).toEqual([]);
  for (const { state } of records.bakes) expect(settled.bake).toContain(state);
  for (const { state } of records.instances) expect(settled.instance).toContain(state);
  for (const { state } of records.images) expect(settled.image).toContain(state);
  for (const { state } of records.snapshots) expect(settled.snapshot).toContain(state);
  for (const { state } of records.volumes) expect(settled.volume).toContain(state);
  for (const { state } of records.fastLaunches) expect(settled.fastLaunch).toContain(state);
  await checkTemplates(world, records.fastLaunches);
  checkForks(world);
  expect(await world.problems()).toEqual([]);
  await checkInterfaces(world);
  expect(world.volumes.openFreezes).toEqual([]);
  for (const { state, mapId } of records.snapshots) {
    if (state === 'completed') expect((await world.snapshots.find(mapId))?.mapId).toBe(mapId);
  }
  const withDisk = records.volumes.filter((volume) => volume.state !== 'error');
  expect(new Set(await world.volumes.list())).toEqual(idsOf(withDisk));
  const running = records.instances.filter((instance) => instance.state === 'running');
  const machines = (await world.compute.list()).map((machine) => machine.instanceId);
  expect(new Set(machines)).toEqual(idsOf(running));
  const attached = records.volumes.flatMap(({ id, attachment }) =>
    attachment
      ? [`${id} ${attachment.instanceId} ${attachment.deviceName} ${attachment.state}`]
      : [],
  );
  const used = records.instances.flatMap(({ id, volumes }) =>
    volumes.map((use) => `${use.volumeId} ${id} ${use.deviceName} attached`),
  );
  expect(new Set(attached)).toEqual(new Set(used));
  for (const { id, volumes } of running) {
    const machine = world.compute.machines().find((each) => each.spec.instanceId === id);
    const disks = (machine?.disks ?? []).map((disk) => disk.volumeId);
    expect(new Set(disks)).toEqual(new Set(volumes.map((use) => use.volumeId)));
  }
}
