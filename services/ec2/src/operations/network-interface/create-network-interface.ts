import type { Ec2Input } from '@bakehouse/aws-model';
import {
  type MetadataReader,
  macAddress,
  type NetworkInterface,
  type NetworkInterfaceId,
  planInterface,
  type SecurityGroup,
  type Subnet,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { interfaceDefaults } from '../../launch/launch-defaults.ts';
import { ownedById } from '../../lookup/lookups.ts';
import {
  askedAddresses,
  checkAskedAddresses,
  drawAddresses,
} from '../../network/asked-addresses.ts';
import { checkGroupCount, defaultGroupsOf, groupsOfVpc } from '../../network/groups.ts';
import { checkInterfaceType } from '../../network/interface-type.ts';
import type { Operation } from '../../operation.ts';
import { withClientToken } from '../../request/client-token.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { tagsFor } from '../../request/tags.ts';
import { checkDescription } from '../../request/text.ts';
import { networkInterfaceView, readNetworkInterfaceFacts } from '../../views/network-interface.ts';

type Request = Ec2Input<'CreateNetworkInterface'>;

const unserved = [
  'ConnectionTrackingSpecification',
  'EnablePrimaryIpv6',
  'Ipv4PrefixCount',
  'Ipv4Prefixes',
  'Ipv6AddressCount',
  'Ipv6Addresses',
  'Ipv6PrefixCount',
  'Ipv6Prefixes',
  'Operator',
] as const satisfies readonly (keyof Request)[];

function checkRequest(request: Request): void {
  refuseUnserved(request, unserved, interfaceDefaults);
  checkDescription(request.Description);
  checkInterfaceType(request.InterfaceType);
}

async function groupsFor(
  reader: MetadataReader,
  context: OperationContext,
  { subnet, ids = [] }: { subnet: Subnet; ids: readonly string[] | undefined },
): Promise<readonly SecurityGroup[]> {
  const { vpcId } = subnet;
  if (ids.length === 0) return await defaultGroupsOf(reader, vpcId);
  const groups = await groupsOfVpc(reader, context, { ids, vpcId, other: `subnet ${subnet.id}` });
  checkGroupCount(groups);
  return groups;
}

async function makeInterface(
  tx: ControlTransaction,
  context: OperationContext,
  request: Request,
): Promise<NetworkInterface> {
  const { accountId, region, now, ids, settings } = context;
  const subnet = await ownedById(tx, context, 'subnet', request.SubnetId);
  const groups = await groupsFor(tx, context, { subnet, ids: request.Groups });
  const wanted = { subnet, asked: askedAddresses(request) };
  await checkAskedAddresses(tx, wanted);
  return planInterface({
    id: ids.resource('eni'),
    ownerId: accountId,
    region,
    tags: tagsFor('network-interface', request.TagSpecifications, ['network-interface']),
    createdAt: now,
    hostId: settings.hostId,
    subnet,
    groups,
    description: request.Description ?? '',
    macAddress: macAddress(ids),
    ...(await drawAddresses(tx, context, wanted)),
    // A public address is given to interfaces that are made by a launch.
    associatePublicIp: false,
  });
}

/** An interface that is attached to no instance yet. */
export const createNetworkInterface: Operation<'CreateNetworkInterface'> = async (
  context,
  request,
) => {
  checkRequest(request);
  const { ClientToken: token } = request;
  const use = { operation: 'CreateNetworkInterface', token, request };
  return await context.write(async (tx) => {
    const [id] = await withClientToken<NetworkInterfaceId>(tx, context, use, async () => {
      const nic = await makeInterface(tx, context, request);
      await tx.put('networkInterface', nic);
      return [nic.id];
    });
    const nic = await ownedById(tx, context, 'networkInterface', id);
    const facts = await readNetworkInterfaceFacts(tx, nic);
    return {
      ...(token ? { ClientToken: token } : {}),
      NetworkInterface: networkInterfaceView(facts),
    };
  });
};
