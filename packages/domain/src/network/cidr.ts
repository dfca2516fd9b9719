import { isIPv6 } from 'node:net';
import { formatCidr, parseCidr, parseIp } from '@bakehouse/base';

const decimal = /^(?:0|[1-9]\d*)$/;

function split(cidr: string, bitsMax: number): { address: string; bits: number } | undefined {
  const [address = '', prefix = '', ...rest] = cidr.split('/');
  if (rest.length > 0 || !decimal.test(prefix) || Number(prefix) > bitsMax) return undefined;
  return { address, bits: Number(prefix) };
}

/** `10.0.0.28/29` becomes `10.0.0.24/29`: EC2 masks the host bits. Undefined unless it is an IPv4 range. */
export function canonicalIpv4Cidr(cidr: string): string | undefined {
  const parsed = parseCidr(cidr);
  return parsed && formatCidr(parsed);
}

/** The eight groups of a valid IPv6 address without a zone. */
function groupsOf(address: string): readonly number[] {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const number = parseIp(tail?.[2] ?? '') ?? 0;
  const text = tail
    ? `${tail[1]}${Math.floor(number / 65_536).toString(16)}:${(number % 65_536).toString(16)}`
    : address;
  const [before = '', after] = text.split('::');
  const parse = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [head, rest] = [parse(before), parse(after ?? '')];
  return [...head, ...new Array<number>(8 - head.length - rest.length).fill(0), ...rest];
}

/** RFC 5952, "A Recommendation for IPv6 Text Representation": `::` replaces the longest run of zeros. */
function ipv6Text(groups: readonly number[]): string {
  const text = groups.map((group) => group.toString(16)).join(':');
  const runs = text.match(/(?<![^:])0(?::0)+(?![^:])/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return text;
  const at = text.search(new RegExp(`(?<![^:])${longest}(?![^:])`));
  const before = text.slice(0, at).replace(/:$/, '');
  const after = text.slice(at + longest.length).replace(/^:/, '');
  return `${before}::${after}`;
}

/** An IPv6 range in its canonical form, host bits masked. Undefined unless it is an IPv6 range. */
export function canonicalIpv6Cidr(cidr: string): string | undefined {
  const parts = split(cidr, 128);
  if (!parts || !isIPv6(parts.address) || parts.address.includes('%')) return undefined;
  const masked = groupsOf(parts.address).map((group, index) => {
    const kept = Math.min(16, Math.max(0, parts.bits - index * 16));
    return group & (0xffff & ~(2 ** (16 - kept) - 1));
  });
  return `${ipv6Text(masked)}/${parts.bits}`;
}
