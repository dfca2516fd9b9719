import { invariant } from '@bakehouse/base';
import {
  deleteInterface,
  type HostId,
  type MetadataReader,
  type MetadataTransaction,
  type NatGateway,
  type NatGatewayId,
  type RegionName,
} from '@bakehouse/domain';
import { inputFields, inputReader } from './input.ts';

export const readNatGatewayInput = inputReader({ natGatewayId: inputFields.natGatewayId });
export type NatGatewayInput = ReturnType<typeof readNatGatewayInput>;

interface NatGatewayPlace {
  readonly region: RegionName;
  readonly hostId?: HostId;
  readonly lanes: readonly string[];
}

/** Where work on a gateway belongs: to the host of its interface. */
export async function natGatewayPlace(
  reader: MetadataReader,
  natGatewayId: NatGatewayId,
): Promise<NatGatewayPlace> {
  const gateway = await reader.get('natGateway', natGatewayId);
  invariant(gateway, `NAT gateway ${natGatewayId} has a record when work on it begins`);
  const [address] = gateway.addresses;
  const nic = address && (await reader.get('networkInterface', address.nicId));
  const place = { region: gateway.region, lanes: [gateway.id] };
  return nic ? { ...place, hostId: nic.hostId } : place;
}

/** Changes the gateway's record, if it still exists. */
export async function changeNatGateway(
  tx: MetadataTransaction,
  natGatewayId: NatGatewayId,
  change: (gateway: NatGateway) => NatGateway,
): Promise<void> {
  const gateway = await tx.get('natGateway', natGatewayId);
  if (gateway) await tx.put('natGateway', change(gateway));
}

/** Ends a gateway: its interface is deleted, and its Elastic IP address is free for others. */
export async function endNatGateway(
  tx: MetadataTransaction,
  natGatewayId: NatGatewayId,
  end: Pick<NatGateway, 'state' | 'failure' | 'deletedAt'>,
): Promise<void> {
  const gateway = await tx.get('natGateway', natGatewayId);
  if (!gateway) return;
  for (const { nicId } of gateway.addresses) await deleteInterface(tx, nicId);
  await tx.put('natGateway', { ...gateway, ...end });
}
