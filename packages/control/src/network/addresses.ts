import { addressAt, type Cidr, cidrSize, invariant, parseCidr, parseIp } from '@bakehouse/base';
import { apiError, type MetadataReader, type Subnet } from '@bakehouse/domain';

/** A range of a record, which was checked when it was made. */
function rangeOf(cidr: string): Cidr {
  const range = parseCidr(cidr);
  invariant(range, `${cidr} is an IPv4 range`);
  return range;
}

/** EC2 keeps the first four addresses of a subnet and the last ("Subnet sizing"). */
const reservedFirst = 4;
const reservedLast = 1;

/** How many of a subnet's addresses can be given to NICs. */
export const usableAddressCount = (cidr: string) =>
  Math.max(0, cidrSize(rangeOf(cidr)) - reservedFirst - reservedLast);

export function isUsableAddress(address: string, cidr: string): boolean {
  const range = rangeOf(cidr);
  const offset = (parseIp(address) ?? -1) - range.base;
  return offset >= reservedFirst && offset < cidrSize(range) - reservedLast;
}

/** A free private address of the subnet, chosen from a starting point that the caller draws at random. */
export async function freePrivateIp(
  reader: MetadataReader,
  subnet: Subnet,
  draw: number,
  taken: ReadonlySet<string> = new Set(),
): Promise<string> {
  const range = rangeOf(subnet.cidr);
  const usable = usableAddressCount(subnet.cidr);
  for (let step = 0; step < usable; step += 1) {
    const address = addressAt(range, reservedFirst + ((draw + step) % usable));
    if (taken.has(address)) continue;
    const where = { privateIp: [`${subnet.vpcId}/${address}`] };
    const users = await reader.list('networkInterface', { where });
    if (users.length === 0) return address;
  }
  throw apiError('InsufficientFreeAddressesInSubnet', {
    message: `There are not enough free addresses in subnet '${subnet.id}' to satisfy the requested number of instances.`,
  });
}

/** A free address of the public pool. Addresses that end in 0 or 255 are left out: tools trip over them. */
export async function freePublicIp(
  reader: MetadataReader,
  poolCidr: string,
  draw: number,
  taken: ReadonlySet<string> = new Set(),
): Promise<string> {
  const range = rangeOf(poolCidr);
  const count = cidrSize(range);
  for (let step = 0; step < count; step += 1) {
    const index = (draw + step) % count;
    const address = addressAt(range, index);
    const last = (range.base + index) % 256;
    if (last === 0 || last === 255 || taken.has(address)) continue;
    const users = await reader.list('networkInterface', { where: { publicIp: [address] } });
    if (users.length === 0) return address;
  }
  throw apiError('InsufficientAddressCapacity', {
    message: `Not enough available addresses in the public pool ${poolCidr}; give a larger one`,
  });
}
