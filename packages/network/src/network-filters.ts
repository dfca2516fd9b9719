import type { NetworkNames } from './network-names.ts';
import { nftTables } from './nft-tables.ts';
import { type NetworkState, planArpTable, planGuestTable } from './plan-guest-tables.ts';
import { planHostTable } from './plan-host-table.ts';
import type { RunNetworkCommand } from './run-network-command.ts';

/** Where the platform has nft tables: two in its namespace, one on the host. */
export type FilterPlace = 'host' | 'inside';

export interface NetworkFilters {
  /** One transaction: what nft refuses leaves everything as it was. */
  applyInside(state: NetworkState): Promise<void>;
  applyOnHost(state: NetworkState): Promise<void>;
  /** The next `apply…` replaces every table, whatever is in it. */
  forget(): void;
  /** Where somebody else has flushed or changed a table. */
  lost(): Promise<readonly FilterPlace[]>;
  /** Replaces the tables of one place. */
  replace(place: FilterPlace, state: NetworkState): Promise<void>;
}

export function networkFilters(
  { table, hostLink }: NetworkNames,
  { run, enter }: { run: RunNetworkCommand; enter: readonly string[] },
): NetworkFilters {
  const inside = nftTables(run, enter);
  const host = nftTables(run, []);
  const applyInside = (state: NetworkState) =>
    inside.apply([planGuestTable(table, state), planArpTable(table, state)]);
  const applyOnHost = (state: NetworkState) => host.apply([planHostTable(table, hostLink, state)]);
  const places = {
    host: { tables: host, apply: applyOnHost },
    inside: { tables: inside, apply: applyInside },
  } satisfies Record<FilterPlace, object>;
  return {
    applyInside,
    applyOnHost,
    forget() {
      inside.forget();
      host.forget();
    },
    async lost() {
      const [isHostIntact, isInsideIntact] = await Promise.all([
        host.areIntact(),
        inside.areIntact(),
      ]);
      return [
        ...(isHostIntact ? [] : ['host' as const]),
        ...(isInsideIntact ? [] : ['inside' as const]),
      ];
    },
    async replace(place, state) {
      places[place].tables.forget();
      await places[place].apply(state);
    },
  };
}
