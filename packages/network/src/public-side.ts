import { parseIp } from '@bakehouse/base';
import { transitAddress } from './addressing.ts';
import type { Look } from './looks.ts';
import type { NetworkNames } from './network-names.ts';
import { type NftTables, nftTables } from './nft-tables.ts';
import { hostBasePart, hostNicPart } from './plan-host-table.ts';
import type { VpcCommon } from './plan-vpc-chains.ts';
import type { RunNetworkCommand } from './run-network-command.ts';
import { type TablePart, TableParts } from './table-parts.ts';
import type { WantedNetwork } from './wanted-network.ts';

export interface PublicSideOptions {
  readonly names: NetworkNames;
  readonly common: VpcCommon;
  readonly wanted: WantedNetwork;
  readonly run: RunNetworkCommand;
  /** See HostBase. */
  readonly pastaLink?: string;
}

/** The platform's table on the host: public addresses, and what passes its link. */
export class PublicSide {
  readonly #options: PublicSideOptions;
  readonly #parts: TableParts;
  readonly #nft: NftTables<'ip'>;
  #closed: readonly string[] = [];

  constructor(options: PublicSideOptions) {
    const { names, run } = options;
    this.#options = options;
    this.#parts = new TableParts('ip', names.table);
    this.#parts.change(new Map([['base', this.#base()]]));
    this.#nft = nftTables({ ip: this.#parts }, { run, enter: [] });
  }

  /** Keeps guests from these addresses of the host, and no longer from others. */
  async close(closedAddresses: readonly string[]): Promise<void> {
    if (closedAddresses.join(' ') === this.#closed.join(' ')) return;
    await this.#nft.change({ ip: new Map([['base', this.#base(closedAddresses)]]) });
    this.#closed = closedAddresses;
  }

  /** Brings the addresses of these NICs in line with what is wanted. */
  change(nicIds: Iterable<string>): Promise<void> {
    const parts = [...nicIds].map((nicId) => [nicId, this.#partOf(nicId)] as const);
    return this.#nft.change({ ip: new Map(parts) });
  }

  /** Replaces the table, whatever is in it. `closedAddresses`: as by `close`, in the same transaction. */
  async replace(closedAddresses = this.#closed): Promise<void> {
    const known = [...this.#parts.keys()].filter((key) => key !== 'base');
    const nicIds = new Set([...known, ...this.#options.wanted.nics.keys()]);
    const parts = [...nicIds].map((nicId) => [nicId, this.#partOf(nicId)] as const);
    this.#parts.change(new Map([['base', this.#base(closedAddresses)], ...parts]));
    this.#closed = closedAddresses;
    await this.#nft.replace();
  }

  readonly look: Look = async () => {
    if (await this.#nft.areIntact()) return [];
    const name = `table ip ${this.#options.names.table}`;
    const repair = { part: 'filters', name, how: 'replaced' } as const;
    return [{ repair, perform: () => this.replace() }];
  };

  async remove(): Promise<void> {
    const table = `ip ${this.#options.names.table}`;
    await this.#options.run(['nft', '-f', '-'], `add table ${table}\ndelete table ${table}\n`);
    this.#nft.forget();
  }

  #base(closedAddresses = this.#closed): TablePart {
    const { names, common, pastaLink } = this.#options;
    return hostBasePart(names.hostLink, {
      ...common,
      closedAddresses,
      ...(pastaLink && { pastaLink }),
    });
  }

  /** A NIC is reached while it is plugged and its VPC has a gateway. */
  #partOf(nicId: string): TablePart | undefined {
    const { wanted, common } = this.#options;
    const nic = wanted.nics.get(nicId);
    if (nic === undefined || !wanted.policy.vpcs.get(nic.vpcId)?.hasInternetGateway)
      return undefined;
    const named = wanted.policy.nics.get(nic.nicId)?.addresses ?? [];
    const addresses = named.flatMap(({ publicIp }) => {
      const address = parseIp(publicIp ?? '');
      if (publicIp === undefined || address === undefined) return [];
      return [[publicIp, transitAddress(common.addressing, address)] as const];
    });
    return addresses.length === 0 ? undefined : hostNicPart(addresses);
  }
}
