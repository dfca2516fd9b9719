import type { Ec2Input } from '@bakehouse/aws-model';
import {
  apiError,
  checkAddressCount,
  elasticAddressesOf,
  findInstanceType,
  type HostId,
  type MetadataReader,
  type NetworkInterface,
  privateIpsOf,
  refuseElsewhere,
  type Subnet,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { ownedById } from '../../lookup/lookups.ts';
import { actOnInterfaces } from '../../network/act-on-interfaces.ts';
import { refuseManagedInterface } from '../../network/managed-interface.ts';
import { checkInSubnet, drawPrivateIps } from '../../network/private-ips.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { withoutSecondaryIps } from './secondary-ips.ts';

type Request = Ec2Input<'AssignPrivateIpAddresses'>;

/** The interface that gets addresses. */
interface Receiver {
  readonly nic: NetworkInterface;
  readonly subnet: Subnet;
  readonly hostId: HostId;
}

interface Assignment {
  readonly nic: NetworkInterface;
  readonly addresses: readonly string[];
  /** The interfaces that some of the addresses are taken from. */
  readonly from: readonly NetworkInterface[];
}

function checkRequest(request: Request): void {
  refuseUnserved(request, ['Ipv4PrefixCount', 'Ipv4Prefixes'], { Ipv4PrefixCount: 0 });
  const { PrivateIpAddresses: named, SecondaryPrivateIpAddressCount: count } = request;
  if (named?.length && count) {
    throw apiError('InvalidParameterCombination', {
      message:
        'Private IP addresses and SecondaryPrivateIpAddressCount cannot be specified together.',
    });
  }
  if (named?.length || (count ?? 0) > 0) return;
  throw apiError('MissingParameter', {
    message: 'Either private IP addresses or SecondaryPrivateIpAddressCount must be specified',
  });
}

/** The interface that has the address: another one of this host gives up a secondary address when that is allowed. */
async function holderOf(
  reader: MetadataReader,
  { nic, hostId }: Receiver,
  { address, mayMove }: { address: string; mayMove: boolean },
): Promise<NetworkInterface | undefined> {
  const where = { privateIp: [`${nic.vpcId}/${address}`] };
  const [holder] = await reader.list('networkInterface', { where });
  if (!holder || holder.id === nic.id) return undefined;
  refuseManagedInterface(holder);
  if (!mayMove || holder.privateIp === address) {
    throw apiError('InvalidParameterValue', {
      message: `[${address}] assigned, but move is not allowed.`,
    });
  }
  refuseElsewhere(holder, hostId);
  return holder;
}

async function namedAssignment(
  reader: MetadataReader,
  receiver: Receiver,
  { PrivateIpAddresses: named = [], AllowReassignment: mayMove = false }: Request,
): Promise<Assignment> {
  const { nic, subnet } = receiver;
  const addresses = [...new Set(named)].filter((each) => !privateIpsOf(nic).includes(each));
  const from = new Map<string, NetworkInterface>();
  for (const address of addresses) {
    checkInSubnet(subnet, address);
    const holder = await holderOf(reader, receiver, { address, mayMove });
    if (holder) from.set(holder.id, holder);
  }
  return { nic, addresses, from: [...from.values()] };
}

async function assignment(
  tx: ControlTransaction,
  context: OperationContext,
  request: Request,
): Promise<Assignment> {
  const nic = await ownedById(tx, context, 'networkInterface', request.NetworkInterfaceId);
  refuseManagedInterface(nic);
  const { hostId } = context.settings;
  refuseElsewhere(nic, hostId);
  const subnet = await ownedById(tx, context, 'subnet', nic.subnetId);
  const { SecondaryPrivateIpAddressCount: count = 0 } = request;
  if (count === 0) return await namedAssignment(tx, { nic, subnet, hostId }, request);
  await checkLimit(tx, nic, count);
  return { nic, addresses: await drawPrivateIps(tx, context, { subnet, count }), from: [] };
}

async function checkLimit(
  reader: MetadataReader,
  nic: NetworkInterface,
  added: number,
): Promise<void> {
  const { attachment } = nic;
  const instance = attachment && (await reader.get('instance', attachment.instanceId));
  const type = instance && findInstanceType(instance.instanceType);
  checkAddressCount(type, privateIpsOf(nic).length + added);
}

/** Elastic IP addresses move with the private ones that they stand for. */
async function putAssignment(
  tx: ControlTransaction,
  { nic, addresses, from }: Assignment,
): Promise<void> {
  await checkLimit(tx, nic, addresses.length);
  for (const holder of from) {
    await tx.put('networkInterface', withoutSecondaryIps(holder, addresses));
    for (const elastic of await elasticAddressesOf(tx, holder.id)) {
      const { association } = elastic;
      if (!association || !addresses.includes(association.privateIp)) continue;
      await tx.put('elasticAddress', {
        ...elastic,
        association: { ...association, nicId: nic.id },
      });
    }
  }
  const secondaryIps = [...(nic.secondaryIps ?? []), ...addresses];
  await tx.put('networkInterface', { ...nic, secondaryIps });
}

/** The addresses are in force, and in the metadata of a running guest, before the reply. */
export const assignPrivateIpAddresses: Operation<'AssignPrivateIpAddresses'> = async (
  context,
  request,
) => {
  checkRequest(request);
  await context.untilWorking();
  const { nic, addresses } = await actOnInterfaces(context, async (tx) => {
    const result = await assignment(tx, context, request);
    if (result.addresses.length > 0) await putAssignment(tx, result);
    return { nicIds: [result.nic, ...result.from].map(({ id }) => id), result };
  });
  return {
    NetworkInterfaceId: nic.id,
    AssignedPrivateIpAddresses: addresses.map((PrivateIpAddress) => ({ PrivateIpAddress })),
    AssignedIpv4Prefixes: [],
  };
};
