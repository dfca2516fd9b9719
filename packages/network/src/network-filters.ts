import type { NetworkNames } from './network-names.ts';
import { nftTables } from './nft-tables.ts';
import { type NetworkState, planArpTable, planGuestTable } from './plan-guest-tables.ts';
import { planHostTable } from './plan-host-table.ts';
import type { RunCommand } from './run-command.ts';

/** The platform's nft tables: two in the namespace, one on the host. */
export interface NetworkFilters {
  /** One transaction: what nft refuses leaves everything as it was. */
  applyInside(state: NetworkState): Promise<void>;
  applyOnHost(state: NetworkState): Promise<void>;
  /** The next application replaces everything, whatever is there. */
  forget(): void;
  /** Puts back what somebody else has flushed or changed; answers where, in words. */
  mend(state: NetworkState): Promise<readonly string[]>;
}

export function networkFilters(
  { table, hostLink, namespace }: NetworkNames,
  { run, enter }: { run: RunCommand; enter: readonly string[] },
): NetworkFilters {
  const inside = nftTables(run, enter);
  const host = nftTables(run, []);
  const filters: NetworkFilters = {
    applyInside: (state) =>
      inside.apply([planGuestTable(table, state), planArpTable(table, state)]),
    applyOnHost: (state) => host.apply([planHostTable(table, hostLink, state)]),
    forget() {
      inside.forget();
      host.forget();
    },
    async mend(state) {
      const [insideIsThere, hostIsThere] = await Promise.all([inside.areThere(), host.areThere()]);
      // The host's first: it is what keeps guests from the host's own services.
      if (!hostIsThere) {
        host.forget();
        await filters.applyOnHost(state);
      }
      if (!insideIsThere) {
        inside.forget();
        await filters.applyInside(state);
      }
      return [
        ...(hostIsThere ? [] : ["the host's nft table"]),
        ...(insideIsThere ? [] : [`the nft tables of namespace ${namespace}`]),
      ];
    },
  };
  return filters;
}
