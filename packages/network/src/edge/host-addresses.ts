import { isIPv4 } from 'node:net';
import type { RunNetworkCommand } from '../run-network-command.ts';

interface ListedHostLink {
  readonly addr_info?: readonly { readonly family?: string; readonly local?: string }[];
}

/** The host's own IPv4 addresses but for those of its loopback range, sorted. `run` runs in the host's network. */
export async function hostAddresses(run: RunNetworkCommand): Promise<readonly string[]> {
  return addressesIn(await run(['ip', '-j', '-4', 'address', 'show']));
}

export function addressesIn(output: string): readonly string[] {
  const links: readonly ListedHostLink[] = JSON.parse(output || '[]');
  const found = links.flatMap(({ addr_info = [] }) => addr_info.map(({ local = '' }) => local));
  const outer = found.filter((address) => isIPv4(address) && !address.startsWith('127.'));
  return [...new Set(outer)].toSorted();
}
