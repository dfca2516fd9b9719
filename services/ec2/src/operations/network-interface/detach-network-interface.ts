import {
  apiError,
  detached,
  type Instance,
  type MetadataReader,
  type NetworkInterface,
  refuseElsewhere,
} from '@bakehouse/domain';
import { detachInterfaceWorkflow, type OperationContext } from '@bakehouse/orchestration';
import type { Operation } from '../../operation.ts';

type Attachment = NonNullable<NetworkInterface['attachment']>;
type AttachedInterface = NetworkInterface & { readonly attachment: Attachment };

async function interfaceAttachedBy(
  reader: MetadataReader,
  { accountId, region }: OperationContext,
  id: string,
): Promise<AttachedInterface> {
  const [nic] = await reader.list('networkInterface', { where: { attachment: [id] } });
  const { attachment } = nic ?? {};
  if (nic?.ownerId === accountId && nic.region === region && attachment) {
    return { ...nic, attachment };
  }
  throw apiError('InvalidAttachmentID.NotFound', { id });
}

function checkDetachable(
  { id, attachment }: AttachedInterface,
  { instance, force }: { instance: Instance | undefined; force: boolean },
): void {
  if (attachment.deviceIndex === 0) {
    throw apiError('OperationNotPermitted', {
      message: 'The network interface at device index 0 cannot be detached.',
    });
  }
  if (instance?.state !== 'running' && instance?.state !== 'stopped') {
    throw apiError('IncorrectState', {
      message: `The instance '${attachment.instanceId}' is ${instance?.state}: its interfaces can be detached while it is running or stopped`,
    });
  }
  if (force || attachment.state === undefined) return;
  throw apiError('IncorrectState', {
    message: `The attachment of the network interface '${id}' is ${attachment.state}`,
  });
}

/** A stopped instance gives the interface up at once; a running guest has to release its card first. */
export const detachNetworkInterface: Operation<'DetachNetworkInterface'> = async (
  context,
  request,
) => {
  const force = request.Force ?? false;
  await context.write(async (tx) => {
    const nic = await interfaceAttachedBy(tx, context, request.AttachmentId);
    refuseElsewhere(nic, context.settings.hostId);
    const { attachment } = nic;
    const instance = await tx.get('instance', attachment.instanceId);
    checkDetachable(nic, { instance, force });
    if (instance?.state === 'stopped') {
      await tx.put('networkInterface', detached(nic));
      return;
    }
    const leaving = { ...attachment, state: 'detaching' as const };
    await tx.put('networkInterface', { ...nic, attachment: leaving });
    const { id: attachmentId, instanceId } = attachment;
    await detachInterfaceWorkflow.enqueue(tx, { nicId: nic.id, instanceId, attachmentId, force });
  });
  return {};
};
