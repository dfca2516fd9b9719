import {
  broadcastOf,
  type Cidr,
  cidrContains,
  cidrsOverlap,
  formatCidr,
  parseCidr,
  parseIp,
} from '@bakehouse/base';
import type { Nic } from '@bakehouse/domain';
import type { Addressing } from './addressing.ts';
import { NetworkInputError, NetworkRangeError } from './network-errors.ts';

/** The ranges that a VPC may have: those that DHCP serves. */
export const vpcPools: readonly string[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.168.0.0/16',
];

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const wellFormed: Readonly<Partial<Record<keyof Nic, RegExp>>> = {
  nicId: /^eni-(?:[0-9a-f]{8}|[0-9a-f]{17})$/,
  subnetId: /^subnet-(?:[0-9a-f]{8}|[0-9a-f]{17})$/,
  macAddress: /^[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/,
  hostName: new RegExp(`^${label}$`),
  domainName: new RegExp(`^${label}(?:\\.${label}){0,8}$`),
};

/**
 * Returns the NIC, checked: each of its fields becomes text for ip, nft and dnsmasq. Throws NetworkInputError for a
 * malformed field and NetworkRangeError for addresses that do not fit together.
 */
export function checkNic(nic: Nic, addressing: Addressing): Nic {
  for (const [field, pattern] of Object.entries(wellFormed)) {
    const value = nic[field as keyof Nic];
    if (!pattern.test(value ?? ''))
      throw new NetworkInputError(`a NIC cannot have ${field} '${value}'`);
  }
  const vpc = vpcOf(nic);
  const subnet = rangeOf(nic.subnetCidr);
  const fits = cidrContains(vpc, subnet.base) && vpc.prefix <= subnet.prefix;
  if (!fits) throw rangeError(nic, `subnet ${nic.subnetCidr} is not within ${formatCidr(vpc)}`);
  if (!vpcPools.some((pool) => isWithin(vpc, rangeOf(pool)))) {
    throw rangeError(nic, `${formatCidr(vpc)} is not within ${vpcPools.join(', ')}`);
  }
  const address = parseIp(nic.privateIp);
  if (address === undefined || !cidrContains(subnet, address)) {
    throw rangeError(nic, `private address ${nic.privateIp} is not within ${nic.subnetCidr}`);
  }
  if (address - subnet.base < 4 || nic.privateIp === broadcastOf(subnet)) {
    throw rangeError(nic, `${nic.privateIp} is one of its subnet's five reserved addresses`);
  }
  checkPublicIp(nic, addressing);
  return nic;
}

/** Throws NetworkRangeError when the NIC uses another's address, or its VPC overlaps another's. */
export function checkNeighbours(nic: Nic, others: Iterable<Nic>): void {
  for (const other of others) {
    if (other.nicId === nic.nicId) continue;
    const taken =
      other.privateIp === nic.privateIp ||
      (nic.publicIp !== undefined && other.publicIp === nic.publicIp) ||
      other.macAddress === nic.macAddress;
    if (taken) throw rangeError(nic, `${other.nicId} is plugged with the same address`);
    const [mine, theirs] = [vpcOf(nic), vpcOf(other)];
    if (formatCidr(mine) !== formatCidr(theirs) && cidrsOverlap(mine, theirs)) {
      throw rangeError(
        nic,
        `VPC range ${formatCidr(mine)} overlaps ${formatCidr(theirs)} of ${other.nicId}; a platform needs distinct ranges`,
      );
    }
  }
}

export function vpcOf(nic: Nic): Cidr {
  return rangeOf(nic.vpcCidr ?? nic.subnetCidr);
}

export function subnetOf(nic: Nic): Cidr {
  return rangeOf(nic.subnetCidr);
}

function checkPublicIp(nic: Nic, { publicCidr }: Addressing): void {
  if (nic.publicIp === undefined) return;
  const address = parseIp(nic.publicIp);
  if (address === undefined || !cidrContains(publicCidr, address)) {
    throw rangeError(nic, `public address ${nic.publicIp} is not within ${formatCidr(publicCidr)}`);
  }
}

function rangeOf(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new NetworkInputError(`'${text}' is not an IPv4 range`);
  return cidr;
}

function isWithin(inner: Cidr, outer: Cidr): boolean {
  return inner.prefix >= outer.prefix && cidrContains(outer, inner.base);
}

function rangeError(nic: Nic, problem: string): NetworkRangeError {
  return new NetworkRangeError(`NIC ${nic.nicId}: ${problem}`);
}
