import type { Ec2Input } from '@bakehouse/aws-model';
import { apiError, type Subnet } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { attributeValue, oneAttribute } from '../../request/attributes.ts';
import { refuseUnserved } from '../../request/refusals.ts';

type Request = Ec2Input<'ModifySubnetAttribute'>;

/** Attributes that can only stay off; a request may confirm that. */
const alwaysOff = [
  'AssignIpv6AddressOnCreation',
  'EnableDns64',
  'EnableResourceNameDnsAAAARecordOnLaunch',
  'EnableResourceNameDnsARecordOnLaunch',
  'MapCustomerOwnedIpOnLaunch',
] as const satisfies readonly (keyof Request)[];

/** Local network interfaces and pools of customers are parts of Outposts. */
const unserved = [
  ...alwaysOff,
  'CustomerOwnedIpv4Pool',
  'DisableLniAtDeviceIndex',
  'EnableLniAtDeviceIndex',
] as const satisfies readonly (keyof Request)[];

/** What the request changes of a subnet: nothing where it confirms what is. */
function requestedChange(request: Request): Pick<Subnet, 'mapPublicIpOnLaunch'> | undefined {
  const { MapPublicIpOnLaunch: map, PrivateDnsHostnameTypeOnLaunch: hostnameType } = request;
  if (hostnameType === 'resource-name') {
    throw apiError('UnsupportedOperation', {
      message:
        "Host names of type 'resource-name' are not supported on this platform; use 'ip-name'",
    });
  }
  return map === undefined ? undefined : { mapPublicIpOnLaunch: attributeValue(map) };
}

/** Whether new interfaces get public addresses. Interfaces that exist keep what they have. */
export const modifySubnetAttribute: Operation<'ModifySubnetAttribute'> = async (
  context,
  request,
) => {
  refuseUnserved(request, unserved);
  oneAttribute({
    mapPublicIpOnLaunch: request.MapPublicIpOnLaunch,
    privateDnsHostnameTypeOnLaunch: request.PrivateDnsHostnameTypeOnLaunch,
    ...Object.fromEntries(alwaysOff.map((name) => [name, request[name]])),
  });
  const change = requestedChange(request);
  await context.write(async (tx) => {
    const subnet = await ownedById(tx, context, 'subnet', request.SubnetId);
    await tx.put('subnet', { ...subnet, ...change });
  });
  return {};
};
