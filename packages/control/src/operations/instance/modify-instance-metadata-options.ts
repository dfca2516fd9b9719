import { changeMetadataOptions } from '../../launch/metadata-options.ts';
import { checkMetadataKeys } from '../../launch/metadata-tag-keys.ts';
import { ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { metadataOptionsView } from '../../views/instance.ts';
import { enqueuePublish, published } from '../../workflows/publish-metadata.ts';
import { checkState } from './instance-state-change.ts';

/** In force for a running guest when it answers. */
export const modifyInstanceMetadataOptions: Operation<'ModifyInstanceMetadataOptions'> = async (
  context,
  request,
) => {
  const { id, work } = await context.write(async (tx) => {
    const instance = await ownedById(tx, context, 'instance', request.InstanceId);
    checkState(instance, ['pending', 'running', 'stopping', 'stopped'], 'modified');
    const options = changeMetadataOptions(instance.metadataOptions, request);
    checkMetadataKeys({ tags: instance.tags, metadataOptions: options });
    const running = instance.state === 'running';
    const state = running ? 'pending' : 'applied';
    await tx.put('instance', { ...instance, metadataOptions: { ...options, state } });
    return { id: instance.id, work: running ? await enqueuePublish(tx, instance) : undefined };
  });
  await published(context, work);
  const after = await context.read((reader) => ownedById(reader, context, 'instance', id));
  return { InstanceId: id, InstanceMetadataOptions: metadataOptionsView(after) };
};
