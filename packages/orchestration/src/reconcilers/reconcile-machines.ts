import type { Instance } from '@bakehouse/domain';
import type { ReconcilerContext } from '../context.ts';
import { isHere } from '../settings.ts';
import { nicOf, readInstanceNetwork } from '../workflows/instance-network.ts';
import { publishMetadataWorkflow } from '../workflows/publish-metadata.ts';
import { enqueueExit } from './machine-events.ts';

type MachinesContext = Pick<
  ReconcilerContext,
  'compute' | 'engine' | 'metadata' | 'network' | 'publisher' | 'settings'
>;

/** Gives running guests back what they lack of network and metadata, as after a restart of the helpers. */
async function restoreSurroundings(
  context: MachinesContext,
  running: readonly Instance[],
): Promise<void> {
  const plugged = new Set(await context.network.list());
  const published = new Set(await context.publisher.list());
  for (const { id } of running) {
    const { interfaces } = await context.metadata.read((tx) => readInstanceNetwork(tx, id));
    for (const facts of interfaces) {
      if (!plugged.has(facts.nic.id)) await context.network.plug(nicOf(facts));
    }
  }
  for (const { id: instanceId } of running.filter(({ id }) => !published.has(id))) {
    await context.engine.write((tx) => publishMetadataWorkflow.enqueue(tx, { instanceId }));
  }
}

/** This host's instances that should have a machine. */
async function runningHere({ metadata, settings }: MachinesContext): Promise<readonly Instance[]> {
  const where = { state: ['running'] };
  const running = await metadata.read((tx) => tx.list('instance', { where }));
  return running.filter(isHere(settings));
}

/**
 * Instances that should run and have no machine: it ended while no server ran, or its event was lost. What
 * that means is settled in the instance's lane, so looking often is harmless.
 */
export async function noticeMissingMachines(context: MachinesContext): Promise<void> {
  const running = await runningHere(context);
  if (running.length === 0) return;
  const machines = new Set((await context.compute.list()).map((each) => each.instanceId));
  const detail = 'it was found missing';
  for (const { id, generation } of running.filter((each) => !machines.has(each.id))) {
    await enqueueExit(context, { instanceId: id, generation, reason: 'crashed', detail });
  }
}

/**
 * Compares records with machines, at the start: an instance that should run and has no machine ended while nobody
 * looked. Machines that no instance should have are leftovers: see reconcile-leftovers.ts.
 */
export async function reconcileMachines(context: MachinesContext): Promise<void> {
  const machines = new Set((await context.compute.list()).map(({ instanceId }) => instanceId));
  const running = await runningHere(context);
  await noticeMissingMachines(context);
  await restoreSurroundings(
    context,
    running.filter(({ id }) => machines.has(id)),
  );
}
