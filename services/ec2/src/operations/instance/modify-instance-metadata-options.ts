import { checkState } from '@bakehouse/domain';
import { publishMetadataWorkflow } from '@bakehouse/orchestration';
import { changeMetadataOptions, checkMetadataKeys } from '../../launch/metadata-options.ts';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { requireOneOf } from '../../request/refusals.ts';
import { metadataOptionsView } from '../../views/instance.ts';

/** The options are `pending` until a running guest gets its metadata by them, then `applied`. */
export const modifyInstanceMetadataOptions: Operation<'ModifyInstanceMetadataOptions'> = async (
  context,
  request,
) => {
  requireOneOf(request, [
    'HttpTokens',
    'HttpPutResponseHopLimit',
    'HttpEndpoint',
    'HttpProtocolIpv6',
    'InstanceMetadataTags',
  ]);
  return await context.write(async (tx) => {
    const instance = await ownedById(tx, context, 'instance', request.InstanceId);
    checkState('instance', instance, 'ModifyInstanceMetadataOptions');
    const options = changeMetadataOptions(instance.metadataOptions, request);
    checkMetadataKeys({ tags: instance.tags, metadataOptions: options });
    const isRunning = instance.state === 'running';
    const state = isRunning ? ('pending' as const) : ('applied' as const);
    const changed = { ...instance, metadataOptions: { ...options, state } };
    await tx.put('instance', changed);
    if (isRunning) await publishMetadataWorkflow.enqueue(tx, { instanceId: instance.id });
    return {
      InstanceId: instance.id,
      InstanceMetadataOptions: metadataOptionsView(changed),
    };
  });
};
