import {
  apiError,
  checkAddressCount,
  checkAttachments,
  checkInterfaceCount,
  findInstanceType,
  type Instance,
  interfacesOf,
  type NetworkInterface,
  privateIpsOf,
  refuseElsewhere,
} from '@bakehouse/domain';
import { attachInterfaceWorkflow, type OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { checkAttachable } from '../../instances/check-attachable.ts';
import { ownedById } from '../../lookup/lookups.ts';
import { refuseManagedInterface } from '../../network/managed-interface.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';

const combination = (message: string) => apiError('InvalidParameterCombination', { message });

function checkPlaces(nic: NetworkInterface, instance: Instance): void {
  if (nic.zone !== instance.zone) {
    throw combination(
      'You may not attach a network interface to an instance if they are not in the same availability zone',
    );
  }
  if (nic.vpcId === instance.vpcId) return;
  throw apiError('UnsupportedOperation', {
    message: `The network interface '${nic.id}' is in ${nic.vpcId} and the instance '${instance.id}' in ${instance.vpcId}; interfaces of an instance are in one VPC here`,
  });
}

function checkFree(nic: NetworkInterface): void {
  refuseManagedInterface(nic);
  if (nic.attachment) throw apiError('InvalidNetworkInterface.InUse', { id: nic.id });
}

function checkIndex(
  { id }: Instance,
  deviceIndex: number,
  others: readonly NetworkInterface[],
): void {
  if (deviceIndex < 0) {
    throw apiError('InvalidParameterValue', {
      parameter: 'deviceIndex',
      value: deviceIndex,
      hint: 'It must not be negative.',
    });
  }
  if (others.every(({ attachment }) => attachment?.deviceIndex !== deviceIndex)) return;
  throw apiError('InvalidParameterValue', {
    message: `Instance '${id}' already has an interface attached at device index '${deviceIndex}'.`,
  });
}

/** What the instance's type, and a machine of this platform, can have. */
function checkLimits(
  instance: Instance,
  nic: NetworkInterface,
  others: readonly NetworkInterface[],
): void {
  const type = findInstanceType(instance.instanceType);
  const interfaces = others.length + 1;
  if (type) checkInterfaceCount(type, interfaces);
  checkAddressCount(type, privateIpsOf(nic).length);
  checkAttachments(`The instance '${instance.id}'`, {
    volumes: instance.volumes.length,
    ephemeralDisks: instance.ephemeralDisks.length,
    interfaces,
  });
}

interface Attachment {
  readonly nic: NetworkInterface;
  readonly instance: Instance;
  readonly deviceIndex: number;
}

/** A stopped instance has the interface at once, and its machine gets it at the next start. */
async function putAttachment(
  tx: ControlTransaction,
  { ids, now }: OperationContext,
  { nic, instance, deviceIndex }: Attachment,
): Promise<`eni-attach-${string}`> {
  const id = ids.resource('eni-attach');
  const isLive = instance.state === 'running';
  const attachment = {
    id,
    instanceId: instance.id,
    deviceIndex,
    attachedAt: now,
    deleteOnTermination: false,
    ...(isLive && { state: 'attaching' as const }),
  };
  await tx.put('networkInterface', { ...nic, status: 'in-use', attachment });
  const input = { nicId: nic.id, instanceId: instance.id, attachmentId: id };
  if (isLive) await attachInterfaceWorkflow.enqueue(tx, input);
  return id;
}

/** Records the attachment at once; a workflow gives the card to a running machine. */
export const attachNetworkInterface: Operation<'AttachNetworkInterface'> = async (
  context,
  request,
) => {
  refuseUnserved(request, ['EnaQueueCount', 'EnaSrdSpecification', 'NetworkCardIndex'], {
    NetworkCardIndex: 0,
  });
  const { DeviceIndex: deviceIndex } = request;
  const id = await context.write(async (tx) => {
    const nic = await ownedById(tx, context, 'networkInterface', request.NetworkInterfaceId);
    const instance = await ownedById(tx, context, 'instance', request.InstanceId);
    refuseElsewhere(nic, context.settings.hostId);
    refuseElsewhere(instance, context.settings.hostId);
    checkFree(nic);
    checkAttachable(instance);
    checkPlaces(nic, instance);
    const others = await interfacesOf(tx, instance.id);
    checkIndex(instance, deviceIndex, others);
    checkLimits(instance, nic, others);
    return await putAttachment(tx, context, { nic, instance, deviceIndex });
  });
  return { AttachmentId: id, NetworkCardIndex: 0 };
};
