import { apiError, type Instance, type Tags } from '@bakehouse/domain';
import { type OperationContext, publishMetadataWorkflow } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { checkMetadataKeys } from '../../launch/metadata-options.ts';
import { taggableById } from './taggable.ts';

/** EC2: "up to 1000 resources" for each call. */
const resourcesMax = 1000;

function checkResources(ids: readonly string[]): void {
  if (ids.length === 0) throw apiError('MissingParameter', { parameter: 'ResourceId' });
  if (ids.length <= resourcesMax) return;
  throw apiError('InvalidParameterValue', {
    message: `At most ${resourcesMax} resources can be named in one call, ${ids.length} were given`,
  });
}

/** Lets the guest see its new tags, where it may see tags. */
async function showTags(tx: ControlTransaction, instance: Instance): Promise<void> {
  const { state, metadataOptions } = instance;
  if (metadataOptions.instanceMetadataTags !== 'enabled') return;
  checkMetadataKeys(instance);
  if (state === 'pending' || state === 'running')
    await publishMetadataWorkflow.enqueue(tx, { instanceId: instance.id });
}

/** Gives all the named resources new tags, or none: one bad id fails the request. */
export async function changeTags(
  context: OperationContext,
  ids: readonly string[],
  change: (tags: Tags) => Tags,
): Promise<void> {
  checkResources(ids);
  await context.write(async (tx) => {
    for (const id of new Set(ids)) {
      const resource = await taggableById(tx, context, id);
      await resource.put(tx, change(resource.tags));
      const instance = resource.kind === 'instance' ? await tx.get('instance', id) : undefined;
      if (instance) await showTags(tx, instance);
    }
  });
}
