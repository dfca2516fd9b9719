import {
  addressAt,
  type Cidr,
  cidrContains,
  cidrsOverlap,
  formatCidr,
  parseCidr,
} from '@bakehouse/base';
import { NetworkRangeError } from './network-errors.ts';

/** The addresses between host and namespace. All follow from the range of public addresses. */
export interface Addressing {
  readonly publicCidr: Cidr;
  /**
   * Carries the public range on the link: 127.0.0.0/8 cannot be routed, and the private ranges of VPCs must not
   * take part in the host's routing. Guests never see it.
   */
  readonly transitCidr: Cidr;
  /** The link's two ends. Guests see the first as the source of connections from the host. */
  readonly hostAddress: string;
  readonly namespaceAddress: string;
  readonly linkCidr: Cidr;
  readonly isLoopbackPool: boolean;
}

const loopback: Cidr = { base: 127 * 2 ** 24, prefix: 8 };
/** RFC 2544: for benchmarks, and on no real network. */
const linkPool: Cidr = { base: 198 * 2 ** 24 + 18 * 2 ** 16, prefix: 15 };

/**
 * 127.A.B.C is carried as 240.A.B.C (RFC 1112 class E: routed by Linux, used by nobody), so distinct public
 * ranges have distinct transit ranges. Other first octets become 241 to 254. The link is a /30 of 198.18.0.0/15,
 * chosen by the range's number.
 */
export function planAddressing(publicRange: string, transitRange?: string): Addressing {
  const publicCidr = parseCidr(publicRange);
  if (publicCidr === undefined || publicCidr.prefix < 12 || publicCidr.prefix > 28) {
    throw new NetworkRangeError(
      `the public range ${publicRange} cannot be used: give an IPv4 range of /12 to /28, such as 127.18.0.0/16`,
    );
  }
  const transitCidr = transitRange === undefined ? carry(publicCidr) : parseCidr(transitRange);
  if (transitCidr === undefined || transitCidr.prefix !== publicCidr.prefix) {
    throw new NetworkRangeError(
      `the transit range ${transitRange} cannot be used: give an IPv4 range as large as ${publicRange}`,
    );
  }
  if (cidrsOverlap(transitCidr, publicCidr) || cidrsOverlap(transitCidr, linkPool)) {
    throw new NetworkRangeError(
      `the transit range ${formatCidr(transitCidr)} overlaps the public range or ${formatCidr(linkPool)}; give another`,
    );
  }
  const linkIndex = Math.floor(publicCidr.base / 2 ** (32 - publicCidr.prefix)) % 2 ** 14;
  const linkCidr: Cidr = { base: linkPool.base + linkIndex * 8, prefix: 30 };
  return {
    publicCidr,
    transitCidr,
    hostAddress: addressAt(linkCidr, 1),
    namespaceAddress: addressAt(linkCidr, 2),
    linkCidr,
    isLoopbackPool: cidrContains(loopback, publicCidr.base),
  };
}

/** The address that carries a public one on the link. */
export function transitAddress(addressing: Addressing, publicAddress: number): string {
  return addressAt(addressing.transitCidr, publicAddress - addressing.publicCidr.base);
}

function carry(publicCidr: Cidr): Cidr {
  const octet = Math.floor(publicCidr.base / 2 ** 24);
  const first = octet === 127 ? 240 : 241 + (octet % 14);
  return { base: first * 2 ** 24 + (publicCidr.base % 2 ** 24), prefix: publicCidr.prefix };
}
