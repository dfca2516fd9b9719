import { apiError, type MetadataReader, type Subnet } from '@bakehouse/domain';

/** `172.31.0.0/20` as its first address (a number) and how many it has. */
export function parseCidr(cidr: string): { first: number; count: number } {
  const [address = '', bits = '32'] = cidr.split('/');
  const count = 2 ** (32 - Number(bits));
  return { first: Math.floor(addressNumber(address) / count) * count, count };
}

export function addressNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/** EC2 keeps the first four addresses of a subnet and the last ("Subnet sizing"). */
const reservedFirst = 4;
const reservedLast = 1;

/** How many of a subnet's addresses can be given to NICs. */
export const usableAddressCount = (cidr: string) =>
  Math.max(0, parseCidr(cidr).count - reservedFirst - reservedLast);

export function isUsableAddress(address: string, cidr: string): boolean {
  const { first, count } = parseCidr(cidr);
  const offset = addressNumber(address) - first;
  return offset >= reservedFirst && offset < count - reservedLast;
}

/** A free private address of the subnet, chosen from a starting point that the caller draws at random. */
export async function freePrivateIp(
  reader: MetadataReader,
  subnet: Subnet,
  draw: number,
  taken: ReadonlySet<string> = new Set(),
): Promise<string> {
  const { first } = parseCidr(subnet.cidr);
  const usable = usableAddressCount(subnet.cidr);
  for (let step = 0; step < usable; step += 1) {
    const address = addressText(first + reservedFirst + ((draw + step) % usable));
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
  const { first, count } = parseCidr(poolCidr);
  for (let step = 0; step < count; step += 1) {
    const number = first + ((draw + step) % count);
    const address = addressText(number);
    if (number % 256 === 0 || number % 256 === 255 || taken.has(address)) continue;
    const users = await reader.list('networkInterface', { where: { publicIp: [address] } });
    if (users.length === 0) return address;
  }
  throw apiError('InsufficientAddressCapacity', {
    message: `Not enough available addresses in the public pool ${poolCidr}; give a larger one`,
  });
}
