import type { Ec2Input } from '@bakehouse/aws-model';
import { apiError, type NetworkInterface, refuseElsewhere } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { ownedById } from '../../lookup/lookups.ts';
import { actOnInterfaces } from '../../network/act-on-interfaces.ts';
import { checkGroupCount, groupsOfVpc } from '../../network/groups.ts';
import { refuseManagedInterface } from '../../network/managed-interface.ts';
import type { Operation } from '../../operation.ts';
import { attributeList, attributeValue, oneAttribute } from '../../request/attributes.ts';
import { refuseUnserved } from '../../request/refusals.ts';
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

/** Off, the interface also takes and sends packets of other addresses: its instance routes for others. */
function changeSourceDestCheck({ nic, context }: Change, isOn: boolean): NetworkInterface {
  refuseElsewhere(nic, context.settings.hostId);
  return { ...nic, sourceDestCheck: isOn };
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
  sourceDestCheck: (change, { SourceDestCheck }) =>
    changeSourceDestCheck(change, attributeValue(SourceDestCheck)),
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
  await actOnInterfaces(context, async (tx) => {
    const nic = await ownedById(tx, context, 'networkInterface', request.NetworkInterfaceId);
    refuseManagedInterface(nic);
    const after = await changes[attribute]({ tx, context, nic }, request);
    await tx.put('networkInterface', after);
    return { nicIds: after.groupIds === nic.groupIds ? [] : [nic.id], result: undefined };
  });
  return {};
};
