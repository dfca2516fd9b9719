import type { Ec2Input } from '@bakehouse/aws-model';
import { apiError, type NetworkInterface, refuseElsewhere } from '@bakehouse/domain';
import {
  type OperationContext,
  published,
  publishMetadataWorkflow,
} from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import { checkGroupCount, groupsOfVpc } from '../../network/groups.ts';
import type { Operation } from '../../operation.ts';
import { attributeList, attributeValue, oneAttribute } from '../../request/attributes.ts';
import { refuseUnserved, sourceDestCheckStays } from '../../request/refusals.ts';
import { checkDescription } from '../../request/text.ts';

type Request = Ec2Input<'ModifyNetworkInterfaceAttribute'>;

interface Change {
  readonly tx: ControlTransaction;
  readonly context: OperationContext;
  readonly nic: NetworkInterface;
}

/** Only the server of the interface's host can put its new groups into force. */
async function changeGroups({ tx, context, nic }: Change, ids: readonly string[]) {
  refuseElsewhere(nic, context.settings.hostId);
  const { vpcId } = nic;
  const groups = await groupsOfVpc(tx, context, { ids, vpcId, other: `interface ${nic.id}` });
  checkGroupCount(groups);
  return { ...nic, groupIds: groups.map((group) => group.id) };
}

/** The next start follows it: a running instance keeps the public address that it has, or has none, until it stops. */
function changePublicIp(nic: NetworkInterface, isWanted: boolean | undefined): NetworkInterface {
  return { ...nic, associatePublicIp: attributeValue({ Value: isWanted }) };
}

function changeDescription(nic: NetworkInterface, description: string): NetworkInterface {
  checkDescription(description);
  return { ...nic, description };
}

/** It is always on: a request may confirm that. */
function keepSourceDestCheck(nic: NetworkInterface, isOn: boolean): NetworkInterface {
  if (isOn) return nic;
  throw sourceDestCheckStays();
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
  if (deleteOnTermination === undefined) {
    throw apiError('MissingParameter', { parameter: 'deleteOnTermination' });
  }
  return { ...nic, attachment: { ...nic.attachment, deleteOnTermination } };
}

/** EC2's names of the attributes, and how each is changed. */
const changes = {
  associatePublicIpAddress: ({ nic }, { AssociatePublicIpAddress }) =>
    changePublicIp(nic, AssociatePublicIpAddress),
  attachment: ({ nic }, { Attachment }) => changeAttachment(nic, Attachment ?? {}),
  description: ({ nic }, { Description }) => changeDescription(nic, attributeValue(Description)),
  groupSet: (change, { Groups }) =>
    changeGroups(change, attributeList(Groups, 'SecurityGroupId.N')),
  sourceDestCheck: ({ nic }, { SourceDestCheck }) =>
    keepSourceDestCheck(nic, attributeValue(SourceDestCheck)),
} satisfies Record<
  string,
  (change: Change, request: Request) => NetworkInterface | Promise<NetworkInterface>
>;

const attributeOf = (request: Request): keyof typeof changes =>
  oneAttribute({
    associatePublicIpAddress: request.AssociatePublicIpAddress,
    attachment: request.Attachment,
    description: request.Description,
    groupSet: request.Groups,
    sourceDestCheck: request.SourceDestCheck,
  });

/** Changes one attribute. New groups are in force, and in the metadata of a running guest, before the reply. */
export const modifyNetworkInterfaceAttribute: Operation<'ModifyNetworkInterfaceAttribute'> = async (
  context,
  request,
) => {
  refuseUnserved(request, [
    'AssociatedSubnetIds',
    'ConnectionTrackingSpecification',
    'EnablePrimaryIpv6',
    'EnaSrdSpecification',
  ]);
  refuseUnserved(request.Attachment ?? {}, ['DefaultEnaQueueCount', 'EnaQueueCount']);
  const attribute = attributeOf(request);
  // The reply waits until guests can read the change; while the server starts, nothing can publish it.
  if (request.Groups?.length) await context.untilWorking();
  const work = await context.write(async (tx) => {
    const nic = await ownedById(tx, context, 'networkInterface', request.NetworkInterfaceId);
    const after = await changes[attribute]({ tx, context, nic }, request);
    await tx.put('networkInterface', after);
    const instanceId = after.attachment?.instanceId;
    const instance = instanceId ? await tx.get('instance', instanceId) : undefined;
    const isSeen = after.groupIds !== nic.groupIds && instance?.state === 'running';
    return isSeen
      ? await publishMetadataWorkflow.enqueue(tx, { instanceId: instance.id })
      : undefined;
  });
  if (request.Groups?.length) await enforcePolicy(context);
  await published(context, work);
  return {};
};
