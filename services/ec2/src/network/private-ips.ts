import { isIPv4 } from 'node:net';
import {
  apiError,
  freePrivateIps,
  isUsableAddress,
  type MetadataReader,
  type Subnet,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';

/** Refuses an address that the subnet does not have, or that an interface of the VPC already has. */
export async function checkPrivateIp(
  reader: MetadataReader,
  subnet: Subnet,
  privateIp: string,
): Promise<void> {
  checkInSubnet(subnet, privateIp);
  const where = { privateIp: [`${subnet.vpcId}/${privateIp}`] };
  const users = await reader.list('networkInterface', { where });
  if (users.length === 0) return;
  throw apiError('InvalidIPAddress.InUse', { address: privateIp });
}

export function checkInSubnet(subnet: Subnet, privateIp: string): void {
  if (isIPv4(privateIp) && isUsableAddress(privateIp, subnet.cidr)) return;
  throw apiError('InvalidParameterValue', {
    message: `Address ${privateIp} does not fall within the subnet's address range ${subnet.cidr}, or is reserved`,
  });
}

export interface AddressDraw {
  readonly subnet: Subnet;
  readonly count: number;
  /** Addresses that the same request gives to an interface. */
  readonly except?: ReadonlySet<string>;
}

/** Free addresses of a subnet, chosen at random. */
export async function drawPrivateIps(
  reader: MetadataReader,
  { ids }: Pick<OperationContext, 'ids'>,
  { subnet, count, except = new Set() }: AddressDraw,
): Promise<readonly string[]> {
  const draw = Buffer.from(ids.bytes(4)).readUInt32BE(0);
  return await freePrivateIps(reader, subnet, { count, draw, except });
}
