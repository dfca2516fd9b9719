import {
  addressAt,
  type Cidr,
  cidrContains,
  cidrSize,
  invariant,
  parseCidr,
  parseIp,
} from '@bakehouse/base';
import { apiError } from '../errors/api-error.ts';
import type { MetadataReader } from '../ports/metadata-store.ts';
import type { NetworkInterface, Subnet } from '../records/network.ts';
import { privateIpsOf } from './interface-addresses.ts';

/** Parses the range of a record, which was checked when the record was made. */
function rangeOf(cidr: string): Cidr {
  const range = parseCidr(cidr);
  invariant(range, `${cidr} is an IPv4 range`);
  return range;
}

/** EC2 reserves the first four addresses of a subnet and the last ("Subnet sizing"). */
const reservedFirst = 4;
const reservedLast = 1;

/** The number of a subnet's addresses that interfaces can have. */
const usableAddressCount = (cidr: string) =>
  Math.max(0, cidrSize(rangeOf(cidr)) - reservedFirst - reservedLast);

export function isUsableAddress(address: string, cidr: string): boolean {
  const range = rangeOf(cidr);
  const offset = (parseIp(address) ?? -1) - range.base;
  return offset >= reservedFirst && offset < cidrSize(range) - reservedLast;
}

/**
 * The first candidate that is free. Candidates are looked up in batches, each twice as large as the one before: an
 * empty range costs one small query, a full one of 4,091 addresses costs twelve.
 */
async function firstFree(
  candidates: Iterable<string>,
  inUse: (addresses: readonly string[]) => Promise<ReadonlySet<string>>,
): Promise<string | undefined> {
  let size = 1;
  let batch: string[] = [];
  const lookUp = async () => {
    const used = await inUse(batch);
    return batch.find((address) => !used.has(address));
  };
  for (const candidate of candidates) {
    batch.push(candidate);
    if (batch.length < size) continue;
    const free = await lookUp();
    if (free !== undefined) return free;
    batch = [];
    size *= 2;
  }
  return await lookUp();
}

function* addressesOf(
  range: Cidr,
  { first, count, start }: { first: number; count: number; start: number },
): Generator<string> {
  for (let step = 0; step < count; step += 1) {
    yield addressAt(range, first + ((start + step) % count));
  }
}

export interface PrivateDraw {
  readonly count: number;
  /** Where the search begins, drawn at random by the caller. */
  readonly draw: number;
  /** Addresses that are about to be given to an interface. */
  readonly except?: ReadonlySet<string>;
}

/** The first free private addresses of the subnet from a starting point. */
export async function freePrivateIps(
  reader: MetadataReader,
  subnet: Subnet,
  { count, draw, except = new Set() }: PrivateDraw,
): Promise<readonly string[]> {
  const usable = usableAddressCount(subnet.cidr);
  const taken = new Set(except);
  const found: string[] = [];
  while (found.length < count) {
    const all = addressesOf(rangeOf(subnet.cidr), {
      first: reservedFirst,
      count: usable,
      start: draw + found.length,
    });
    const free = await firstFree(
      all.filter((address) => !taken.has(address)),
      (addresses) => usedPrivateIps(reader, subnet, addresses),
    );
    if (free === undefined) {
      throw apiError('InsufficientFreeAddressesInSubnet', { subnetId: subnet.id });
    }
    found.push(free);
    taken.add(free);
  }
  return found;
}

async function usedPrivateIps(
  reader: MetadataReader,
  { vpcId }: Subnet,
  addresses: readonly string[],
): Promise<ReadonlySet<string>> {
  const privateIp = addresses.map((address) => `${vpcId}/${address}`);
  const users = await reader.list('networkInterface', { where: { privateIp } });
  return new Set(users.flatMap(privateIpsOf));
}

/** How many addresses of the subnet are free. */
export async function freeAddressCount(reader: MetadataReader, subnet: Subnet): Promise<number> {
  const used = await reader.count('networkInterface', { where: { subnet: [subnet.id] } });
  const where = { subnetOfSecondaryIps: [subnet.id] };
  const withMore = await reader.list('networkInterface', { where });
  const secondary = withMore.reduce((sum, nic) => sum + (nic.secondaryIps?.length ?? 0), 0);
  return usableAddressCount(subnet.cidr) - used - secondary;
}

/** Some tools refuse addresses that end in 0 or 255. */
const endsOddly = (address: string) => address.endsWith('.0') || address.endsWith('.255');

/** The number of a range's addresses that interfaces can have as public ones: those that do not end oddly. */
function publicAddressCount(range: Cidr): number {
  const size = cidrSize(range);
  const below = range.base + size;
  const endIn0 = Math.ceil(below / 256) - Math.ceil(range.base / 256);
  const endIn255 = Math.floor(below / 256) - Math.floor(range.base / 256);
  return size - endIn0 - endIn255;
}

/** The addresses of a range that interfaces can have as public ones. */
const publicAddresses = (range: Cidr, start: number) =>
  addressesOf(range, { first: 0, count: cidrSize(range), start }).filter(
    (address) => !endsOddly(address),
  );

/** Which of the public addresses are taken: by an interface as its automatic one, or by an account. */
async function takenPublicIps(
  reader: MetadataReader,
  addresses: readonly string[],
): Promise<ReadonlySet<string>> {
  const where = { publicIp: addresses };
  const nics = await reader.list('networkInterface', { where });
  const elastic = await reader.list('elasticAddress', { where });
  return new Set([...nics, ...elastic].flatMap(({ publicIp }) => publicIp ?? []));
}

/** A free address of the public pool. */
export async function freePublicIp(
  reader: MetadataReader,
  poolCidr: string,
  draw: number,
): Promise<string> {
  const all = publicAddresses(rangeOf(poolCidr), draw);
  const free = await firstFree(all, (addresses) => takenPublicIps(reader, addresses));
  if (free !== undefined) return free;
  throw apiError('InsufficientAddressCapacity', { pool: poolCidr });
}

/** Whether an address is one of the public pool's, and free. */
export async function isFreePublicIp(
  reader: MetadataReader,
  poolCidr: string,
  address: string,
): Promise<boolean> {
  const value = parseIp(address);
  if (value === undefined || !cidrContains(rangeOf(poolCidr), value)) return false;
  return !endsOddly(address) && (await takenPublicIps(reader, [address])).size === 0;
}

/** How many addresses of the public pool are free, counted up to `max`. */
export async function freePublicIpCount(
  reader: MetadataReader,
  poolCidr: string,
  max: number,
): Promise<number> {
  const range = rangeOf(poolCidr);
  const total = publicAddressCount(range);
  // A pool that is much larger than the platform needs no look at its addresses.
  const users = (await reader.count('networkInterface')) + (await reader.count('elasticAddress'));
  if (total - users >= max) return max;
  const taken = await takenPublicIps(reader, [...publicAddresses(range, 0)]);
  return Math.min(max, total - taken.size);
}

/** Whether the interface gets a public address at each start: as it was last asked for, or else as its subnet says. */
export async function associatesPublicIp(
  reader: MetadataReader,
  { associatePublicIp, subnetId }: NetworkInterface,
): Promise<boolean> {
  if (associatePublicIp !== undefined) return associatePublicIp;
  return (await reader.get('subnet', subnetId))?.mapPublicIpOnLaunch ?? false;
}
