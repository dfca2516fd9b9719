import type { Instance } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { nicOf, readInstanceFacts } from '../workflows/instance-facts.ts';
import { enqueuePublish } from '../workflows/publish-metadata.ts';
import { enqueueExit } from './machine-events.ts';

/** States in which there is no machine, nor work that still ends one. */
const restful: readonly Instance['state'][] = ['stopped', 'terminated'];

/** Gives running guests back what they lack of network and metadata, as after a restart of the helpers. */
async function restoreSurroundings(
  context: WorkflowContext,
  running: readonly Instance[],
): Promise<void> {
  const plugged = new Set(await context.network.list());
  const published = new Set(await context.publisher.list());
  for (const { id, networkInterfaceId } of running) {
    if (plugged.has(networkInterfaceId)) continue;
    const facts = await context.metadata.read((tx) => readInstanceFacts(tx, id));
    await context.network.plug(nicOf(facts));
  }
  for (const instance of running.filter(({ id }) => !published.has(id))) {
    await context.engine.write((tx) => enqueuePublish(tx, instance));
  }
}

/**
 * Instances that should run and have no machine: it ended while nobody looked, or its event was lost. What
 * that means is settled in the instance's lane, so looking often is harmless.
 */
export async function noticeMissingMachines(context: WorkflowContext): Promise<void> {
  const where = { state: ['running'] };
  const running = await context.metadata.read((tx) => tx.list('instance', { where }));
  if (running.length === 0) return;
  const machines = new Set((await context.compute.list()).map((each) => each.instanceId));
  const detail = 'it was found gone';
  for (const { id, generation } of running.filter((each) => !machines.has(each.id))) {
    await enqueueExit(context, { instanceId: id, generation, reason: 'crashed', detail });
  }
}

/**
 * Compares records with machines, at start: an instance that should run and has no machine ended while
 * nobody looked; a machine whose instance rests, has ended, or is unknown, is ended too.
 */
export async function reconcileMachines(context: WorkflowContext): Promise<void> {
  const machines = new Map((await context.compute.list()).map((each) => [each.instanceId, each]));
  const instances = await context.metadata.read((tx) => tx.list('instance'));
  const running = instances.filter(({ state }) => state === 'running');
  await noticeMissingMachines(context);
  const wanted = new Set(instances.filter((i) => !restful.includes(i.state)).map((i) => i.id));
  for (const instanceId of machines.keys()) {
    if (wanted.has(instanceId)) continue;
    context.logger.log('warn', 'ending a machine without an instance', { instanceId });
    await context.compute.kill(instanceId);
    await context.compute.forget(instanceId);
  }
  await restoreSurroundings(
    context,
    running.filter((each) => machines.has(each.id)),
  );
}
