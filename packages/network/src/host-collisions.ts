import { type Cidr, cidrsOverlap, formatCidr, parseCidr } from '@bakehouse/base';
import type { Addressing } from './addressing.ts';

/** The fields of `ip -j route` and `ip -j link` that matter here. */
export interface HostRoute {
  readonly dst: string;
  readonly dev?: string;
}
export interface HostLink {
  readonly ifname: string;
  readonly ifalias?: string;
}

/** What on the host already uses these ranges, in words; undefined when nothing does. */
export function findCollision(
  addressing: Addressing,
  ownLink: string,
  host: { readonly routes: readonly HostRoute[]; readonly links: readonly HostLink[] },
): string | undefined {
  const platform = host.links.find(
    ({ ifname, ifalias = '' }) =>
      ifname !== ownLink &&
      rangesOf(ifalias).some((range) => cidrsOverlap(range, addressing.publicCidr)),
  );
  const publicRange = formatCidr(addressing.publicCidr);
  if (platform !== undefined) {
    return `the public range ${publicRange} belongs to another running platform (${platform.ifname}: ${platform.ifalias}); give this one another range, such as 127.19.0.0/16`;
  }
  const wanted = [
    addressing.transitCidr,
    addressing.linkCidr,
    ...(addressing.isLoopbackPool ? [] : [addressing.publicCidr]),
  ];
  for (const route of host.routes) {
    const range = parseCidr(route.dst.includes('/') ? route.dst : `${route.dst}/32`);
    if (range === undefined || route.dev === ownLink) continue;
    const hit = wanted.find((want) => cidrsOverlap(want, range) && range.prefix > 0);
    if (hit !== undefined) {
      return `${formatCidr(hit)} is already routed on this host (${route.dst} dev ${route.dev}); give another public or transit range`;
    }
  }
  return undefined;
}

/** The public range in a link's alias; see linkAlias. */
function rangesOf(alias: string): Cidr[] {
  const [marker, publicRange = ''] = alias.split(' ');
  const range = parseCidr(publicRange);
  return marker === 'bakehouse' && range !== undefined ? [range] : [];
}
