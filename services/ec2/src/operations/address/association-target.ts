import type { Ec2Input } from '@bakehouse/aws-model';
import {
  apiError,
  type Instance,
  type MetadataReader,
  type NetworkInterface,
  privateIpsOf,
  refuseElsewhere,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { ownedById } from '../../lookup/lookups.ts';
import { refuseManagedInterface } from '../../network/managed-interface.ts';
import { onlyInterface } from '../../network/only-interface.ts';

type Request = Ec2Input<'AssociateAddress'>;

/** An address of an interface, which a public one is to stand for. */
export interface AssociationTarget {
  readonly nic: NetworkInterface;
  readonly privateIp: string;
}

const associable: readonly Instance['state'][] = ['running', 'stopping', 'stopped'];

function checkInstance({ id, state }: Instance): void {
  if (associable.includes(state)) return;
  throw apiError('InvalidInstanceID', {
    message: `The ${state} instance '${id}' is not in a valid state for this operation.`,
  });
}

async function interfaceOfInstance(
  reader: MetadataReader,
  context: OperationContext,
  id: string,
): Promise<NetworkInterface> {
  const instance = await ownedById(reader, context, 'instance', id);
  checkInstance(instance);
  return await onlyInterface(reader, instance);
}

async function namedInterface(
  reader: MetadataReader,
  context: OperationContext,
  { InstanceId: instanceId, NetworkInterfaceId: nicId }: Request,
): Promise<NetworkInterface> {
  if (instanceId && nicId) {
    throw apiError('InvalidParameterCombination', {
      message: 'You may specify an instance ID or a network interface ID, but not both',
    });
  }
  if (instanceId) return await interfaceOfInstance(reader, context, instanceId);
  if (nicId) return await ownedById(reader, context, 'networkInterface', nicId);
  throw apiError('MissingParameter', {
    message: 'Either an instance ID or a network interface ID must be specified',
  });
}

/** An address that the outside can reach needs a gateway to it. */
async function checkGateway(reader: MetadataReader, { vpcId }: NetworkInterface): Promise<void> {
  const where = { vpc: [vpcId] };
  if ((await reader.list('internetGateway', { where, limit: 1 })).length > 0) return;
  throw apiError('Gateway.NotAttached', { vpcId });
}

/** The interface and its address that a request names; the primary address unless another is given. */
export async function associationTarget(
  reader: MetadataReader,
  context: OperationContext,
  request: Request,
): Promise<AssociationTarget> {
  const nic = await namedInterface(reader, context, request);
  refuseElsewhere(nic, context.settings.hostId);
  refuseManagedInterface(nic);
  const { PrivateIpAddress: privateIp = nic.privateIp } = request;
  if (!privateIpsOf(nic).includes(privateIp)) {
    throw apiError('InvalidParameterValue', {
      message: `The private IP address '${privateIp}' is not assigned to the network interface '${nic.id}'`,
    });
  }
  await checkGateway(reader, nic);
  return { nic, privateIp };
}
