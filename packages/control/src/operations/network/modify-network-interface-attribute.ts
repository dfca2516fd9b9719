import type { Ec2Input } from '@bakehouse/aws-model';
import { apiError, type NetworkInterface } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { checkDescription } from '../../description.ts';
import { ownedById } from '../../lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import { checkGroupCount } from '../../network/groups-limit.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../refuse-unserved.ts';
import type { ControlTransaction } from '../../workflow/transaction.ts';
import { enqueuePublish, published } from '../../workflows/publish-metadata.ts';

type Request = Ec2Input<'ModifyNetworkInterfaceAttribute'>;

interface Change {
  readonly tx: ControlTransaction;
  readonly context: OperationContext;
  readonly nic: NetworkInterface;
}

const unsupported = (message: string) => apiError('UnsupportedOperation', { message });

async function changeGroups({ tx, context, nic }: Change, ids: readonly string[]) {
  const groupIds = new Set<NetworkInterface['groupIds'][number]>();
  for (const id of ids) {
    const group = await ownedById(tx, context, 'securityGroup', id);
    if (group.vpcId !== nic.vpcId) {
      throw apiError('InvalidParameter', {
        message: `Security group ${id} and interface ${nic.id} belong to different networks.`,
      });
    }
    groupIds.add(group.id);
  }
  checkGroupCount([...groupIds]);
  return { ...nic, groupIds: [...groupIds] };
}

function changeDescription(nic: NetworkInterface, description: string): NetworkInterface {
  checkDescription(description);
  return { ...nic, description };
}

/** What cannot be otherwise here may be asked for as it is, and nothing else. */
function checkFixed({ SourceDestCheck: check }: Request): void {
  if (check?.Value !== false) return;
  throw unsupported(
    'The source/destination check cannot be turned off: guests of this platform only use addresses of their own',
  );
}

function changeAttachment(
  nic: NetworkInterface,
  request: NonNullable<Request['Attachment']>,
): NetworkInterface {
  const { AttachmentId: id, DeleteOnTermination: deleteOnTermination } = request;
  if (!id) throw apiError('MissingParameter', { parameter: 'attachmentId' });
  if (id !== nic.attachment?.id) {
    throw apiError('InvalidAttachmentID.NotFound', { id });
  }
  if (deleteOnTermination === undefined) return nic;
  return { ...nic, attachment: { ...nic.attachment, deleteOnTermination } };
}

/** EC2 changes one attribute at a time. */
function checkOneAttribute(request: Request): void {
  const { Attachment, Description, Groups, SourceDestCheck } = request;
  const attributes = { Attachment, Description, Groups, SourceDestCheck };
  const named = Object.entries(attributes).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : value !== undefined,
  );
  if (named.length === 1) return;
  throw apiError(named.length === 0 ? 'MissingParameter' : 'InvalidParameterCombination', {
    message: 'Exactly one attribute of a network interface can be modified by one call',
  });
}

async function changed(change: Change, request: Request): Promise<NetworkInterface> {
  const { Attachment: attachment, Description: description, Groups: groups } = request;
  if (groups?.length) return await changeGroups(change, groups);
  if (description) return changeDescription(change.nic, description.Value ?? '');
  return attachment ? changeAttachment(change.nic, attachment) : change.nic;
}

/** Changes one attribute; new groups are in force, and a running guest can read them, when it answers. */
export const modifyNetworkInterfaceAttribute: Operation<'ModifyNetworkInterfaceAttribute'> = async (
  context,
  request,
) => {
  refuseUnserved(request, [
    'AssociatePublicIpAddress',
    'AssociatedSubnetIds',
    'ConnectionTrackingSpecification',
    'EnablePrimaryIpv6',
    'EnaSrdSpecification',
  ]);
  refuseUnserved(request.Attachment ?? {}, ['DefaultEnaQueueCount', 'EnaQueueCount']);
  checkOneAttribute(request);
  checkFixed(request);
  const work = await context.write(async (tx) => {
    const nic = await ownedById(tx, context, 'networkInterface', request.NetworkInterfaceId);
    const after = await changed({ tx, context, nic }, request);
    await tx.put('networkInterface', after);
    const instanceId = after.attachment?.instanceId;
    const instance = instanceId ? await tx.get('instance', instanceId) : undefined;
    const isSeen = after.groupIds !== nic.groupIds && instance?.state === 'running';
    return isSeen ? await enqueuePublish(tx, instance) : undefined;
  });
  if (request.Groups?.length) await enforcePolicy(context);
  await published(context, work);
  return {};
};
