import {
  apiError,
  elasticAddressesOf,
  type NetworkInterface,
  refuseElsewhere,
  withoutAssociation,
} from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { actOnInterfaces } from '../../network/act-on-interfaces.ts';
import { refuseManagedInterface } from '../../network/managed-interface.ts';
import type { Operation } from '../../operation.ts';
import { attributeList } from '../../request/attributes.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { withoutSecondaryIps } from './secondary-ips.ts';

function checkAssigned(
  { id, privateIp, secondaryIps = [] }: NetworkInterface,
  addresses: readonly string[],
): void {
  if (addresses.includes(privateIp)) {
    throw apiError('InvalidParameterValue', {
      message: `The primary IP address ${privateIp} of an interface cannot be unassigned`,
    });
  }
  const others = addresses.filter((address) => !secondaryIps.includes(address));
  if (others.length === 0) return;
  throw apiError('InvalidParameterValue', {
    message: `Some of [${others.join(', ')}] are not assigned to interface ${id}`,
  });
}

/** Elastic IP addresses that stand for the private ones are disassociated. */
export const unassignPrivateIpAddresses: Operation<'UnassignPrivateIpAddresses'> = async (
  context,
  request,
) => {
  refuseUnserved(request, ['Ipv4Prefixes']);
  const addresses = attributeList(request.PrivateIpAddresses, 'PrivateIpAddress.N');
  await context.untilWorking();
  await actOnInterfaces(context, async (tx) => {
    const nic = await ownedById(tx, context, 'networkInterface', request.NetworkInterfaceId);
    refuseManagedInterface(nic);
    refuseElsewhere(nic, context.settings.hostId);
    checkAssigned(nic, addresses);
    for (const elastic of await elasticAddressesOf(tx, nic.id)) {
      const isGone = addresses.includes(elastic.association?.privateIp ?? '');
      if (isGone) await tx.put('elasticAddress', withoutAssociation(elastic));
    }
    await tx.put('networkInterface', withoutSecondaryIps(nic, addresses));
    return { nicIds: [nic.id], result: undefined };
  });
  return {};
};
