import type { Workflow } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { enqueuePrune, neededMaps } from '../workflows/prune-blocks.ts';

/** Every string anywhere in the inputs of work that is still to be done. */
function mentioned(workflows: readonly Workflow[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string') found.add(value);
    else if (value && typeof value === 'object') Object.values(value).forEach(visit);
  };
  for (const workflow of workflows) visit(workflow.input);
  return found;
}

/** A bake that was cut off leaves a pending snapshot that no work will end, and perhaps its map. */
async function dropCutOffSnapshots(context: WorkflowContext): Promise<void> {
  await context.metadata.write(async (tx) => {
    const known = mentioned(await tx.list('workflow'));
    for (const snapshot of await tx.list('snapshot', { where: { state: ['pending'] } })) {
      if (!known.has(snapshot.id)) await tx.delete('snapshot', snapshot.id);
    }
  });
}

/** Maps that no record needs: those of a bake or capture that was cut off. */
async function pruneUnneeded(context: WorkflowContext): Promise<void> {
  const there = await context.snapshots.list();
  const needed = await context.metadata.read(neededMaps);
  const [unneeded] = there.filter((mapId) => !needed.has(mapId));
  const region = context.settings.regions[0];
  if (unneeded === undefined || region === undefined) return;
  await context.engine.write((tx) => enqueuePrune(tx, region));
}

/** Disks, NICs and metadata that no record names: what a crash between two steps can leave. */
export async function reconcileLeftovers(context: WorkflowContext): Promise<void> {
  await dropCutOffSnapshots(context);
  await pruneUnneeded(context);
  const { volumes, nics, instances } = await context.metadata.read(async (tx) => ({
    volumes: new Set<string>((await tx.list('volume')).map((volume) => volume.id)),
    nics: new Set<string>((await tx.list('networkInterface')).map((nic) => nic.id)),
    instances: new Set<string>((await tx.list('instance')).map((instance) => instance.id)),
  }));
  for (const volumeId of await context.volumes.list()) {
    if (!volumes.has(volumeId)) await context.volumes.remove(volumeId);
  }
  for (const nicId of await context.network.list()) {
    if (!nics.has(nicId)) await context.network.unplug(nicId);
  }
  for (const instanceId of await context.publisher.list()) {
    if (!instances.has(instanceId)) await context.publisher.withdraw(instanceId);
  }
}
