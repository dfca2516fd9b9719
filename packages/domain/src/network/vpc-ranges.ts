import { type Cidr, cidrContains, cidrsOverlap, invariant, parseCidr } from '@bakehouse/base';
import type { Vpc } from '../records/network.ts';

/** All ranges of a VPC, the primary first. */
export const vpcCidrs = ({ cidr, secondaryCidrs = [] }: Vpc): readonly [string, ...string[]] => [
  cidr,
  ...secondaryCidrs.map((secondary) => secondary.cidr),
];

/** The sizes of VPC ranges and of subnets, as prefixes: "between a /16 netmask and a /28 netmask" ("VPC CIDR blocks"). */
const prefixes = { min: 16, max: 28 };

function known(cidr: string): Cidr {
  const range = parseCidr(cidr);
  invariant(range, `${cidr} is an IPv4 range`);
  return range;
}

const isWithin = (inner: Cidr, outer: Cidr) =>
  inner.prefix >= outer.prefix && cidrContains(outer, inner.base);

const overlapsAny = (range: Cidr, others: readonly string[]) =>
  others.some((other) => cidrsOverlap(range, known(other)));

const hasRightSize = ({ prefix }: Cidr) => prefix >= prefixes.min && prefix <= prefixes.max;

/** This host, loopback, link-local, the platform's own links (benchmark tests), multicast and reserved ranges. */
const unusable = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '198.18.0.0/15', '224.0.0.0/3'];

/** Whether a VPC can have the range, whatever its others are. */
export function isVpcRange(cidr: string): boolean {
  const range = parseCidr(cidr);
  return range !== undefined && hasRightSize(range) && !overlapsAny(range, unusable);
}

/** Whether the range has a subnet's size and is inside one of the VPC's. */
export function isSubnetRange(cidr: string, vpc: readonly string[]): boolean {
  const range = parseCidr(cidr);
  if (!range || !hasRightSize(range)) return false;
  return vpc.some((outer) => isWithin(range, known(outer)));
}

/** Whether two ranges have an address in common. */
export const rangesOverlap = (a: string, b: string): boolean => cidrsOverlap(known(a), known(b));

/** Whether the first range is the second one or a part of it. */
export const isRangeWithin = (inner: string, outer: string): boolean =>
  isWithin(known(inner), known(outer));

/** Whether a range is no part of these, for many ranges. */
export function outsideOf(outer: readonly string[]): (range: string) => boolean {
  const outers = outer.map(known);
  return (range) => {
    const inner = known(range);
    return !outers.some((each) => isWithin(inner, each));
  };
}

/** The private ranges of RFC 1918. All private ranges of a VPC are of the one that its primary range is of. */
const privateBlocks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(known);

const privateBlockOf = (range: Cidr) => privateBlocks.find((block) => isWithin(range, block));

/** Private ranges that EC2 keeps for its own services once the VPC has a range in `beside`. */
const reserved = [
  { block: '10.0.0.0/16', beside: '10.0.0.0/15' },
  { block: '172.31.0.0/16', beside: '172.16.0.0/12' },
].map(({ block, beside }) => ({ block: known(block), beside: known(beside) }));

/**
 * Whether a VPC with these ranges, the primary first, may get another one ("IPv4 CIDR block association restrictions"): a
 * public one always, a private one of the primary range's block that is not reserved.
 */
export function mayJoinRanges(cidr: string, existing: readonly [string, ...string[]]): boolean {
  const range = known(cidr);
  const block = privateBlockOf(range);
  if (block === undefined) return true;
  if (privateBlockOf(known(existing[0])) !== block) return false;
  return !reserved.some(
    (each) =>
      isWithin(range, each.block) && existing.some((other) => isWithin(known(other), each.beside)),
  );
}

/** The first /20 of the range that overlaps none of those in use; undefined when there is none. */
export function freeDefaultSubnetRange(
  vpcCidr: string,
  inUse: readonly string[],
): string | undefined {
  const [a, b] = vpcCidr.split('.');
  return Array.from({ length: 16 }, (_, index) => `${a}.${b}.${index * 16}.0/20`).find(
    (candidate) => isRangeWithin(candidate, vpcCidr) && !overlapsAny(known(candidate), inUse),
  );
}
