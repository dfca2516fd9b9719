import type { Logger } from '@bakehouse/base';
import type { SecurityGroupId, VpcTopology } from '@bakehouse/domain';
import type { PluggedNic } from './network-records.ts';
import type { PolicyState } from './network-state.ts';
import { type NftTables, nftTables } from './nft-tables.ts';
import { groupPart } from './plan-policy.ts';
import type { VpcCommon } from './plan-vpc-chains.ts';
import {
  arpBasePart,
  arpNicPart,
  basePart,
  natGatewayPart,
  nicPart,
  subnetPart,
} from './plan-vpc-table.ts';
import type { RunNetworkCommand } from './run-network-command.ts';
import { type PartChanges, type TablePart, TableParts } from './table-parts.ts';

/** What has changed of a VPC. */
export interface DirtyVpc {
  readonly nicIds: Iterable<string>;
  readonly groupIds: Iterable<string>;
  /** The VPC itself: then everything is planned again. */
  readonly topology: boolean;
}

/** What the filters of a VPC follow from. */
export interface FilteredVpc {
  readonly nics: ReadonlyMap<string, PluggedNic>;
  readonly policy: PolicyState;
  readonly vpc: VpcTopology | undefined;
  readonly linkAddress: string;
}

type Changes = Readonly<Record<'inet' | 'arp', Map<string, TablePart | undefined>>>;

export interface VpcFiltersOptions {
  readonly table: string;
  readonly common: VpcCommon;
  readonly run: RunNetworkCommand;
  readonly enter: readonly string[];
  readonly logger: Logger;
}

/** The nft tables of a VPC's namespace: who may speak as whom, translation, security groups, access lists. */
export class VpcFilters {
  readonly #common: VpcCommon;
  readonly #logger: Logger;
  readonly #parts: Readonly<Record<'inet' | 'arp', TableParts>>;
  readonly #nft: NftTables<'inet' | 'arp'>;
  /** The plugged NICs of each group that the table has. */
  #users = new Map<SecurityGroupId, Set<string>>();
  #groupsOf = new Map<string, readonly SecurityGroupId[]>();
  #isClosed = false;

  constructor({ table, common, run, enter, logger }: VpcFiltersOptions) {
    this.#common = common;
    this.#logger = logger;
    this.#parts = { inet: new TableParts('inet', table), arp: new TableParts('arp', table) };
    this.#nft = nftTables(this.#parts, { run, enter });
  }

  /** Nothing passes, as nft refused the recorded policy. The next change that succeeds, or a repair, opens it. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  usesGroup(groupId: SecurityGroupId): boolean {
    return (this.#users.get(groupId)?.size ?? 0) > 0;
  }

  /** The policy has changed. One transaction: rejected, everything is as it was. */
  async change(state: FilteredVpc, dirty: DirtyVpc): Promise<void> {
    const isWhole = dirty.topology || this.#isClosed;
    await this.#apply(state, isWhole ? everythingOf(state) : dirty, false);
    this.#isClosed = false;
  }

  /** NICs were plugged or unplugged. What nft has refused of the policy stays refused. */
  async setNics(state: FilteredVpc, nicIds: readonly string[]): Promise<void> {
    const dirty = { nicIds, groupIds: [], topology: false };
    await this.#apply(state, dirty, this.#isClosed);
  }

  /** Replaces the tables, whatever is in them. When nft refuses them, nothing passes and the refusal is thrown. */
  async replace(state: FilteredVpc): Promise<void> {
    this.#nft.forget();
    try {
      await this.#apply(state, everythingOf(state), false);
      this.#isClosed = false;
    } catch (error) {
      // Where somebody has flushed the tables, everything would pass.
      await this.#close(state, error);
      throw error;
    }
  }

  /** As `replace`, but a refusal is logged: it must not keep the platform from starting. */
  async open(state: FilteredVpc): Promise<void> {
    await this.replace(state).catch((error: unknown) => {
      if (error instanceof AggregateError) throw error;
      this.#logger.log(
        'error',
        'cannot apply the recorded network policy; nothing passes until the next repair or change of the policy that succeeds',
        { vpcId: state.vpc?.vpcId, error },
      );
    });
  }

  /** False when somebody has flushed or changed a table, or when the recorded policy was refused. */
  async areIntact(): Promise<boolean> {
    return !this.#isClosed && (await this.#nft.areIntact());
  }

  async #close(state: FilteredVpc, refusal: unknown): Promise<void> {
    this.#isClosed = true;
    try {
      this.#nft.forget();
      await this.#apply(state, everythingOf(state), true);
    } catch (error) {
      throw new AggregateError(
        [refusal, error],
        'nft refuses the recorded network policy, and also the rules that let nothing pass: where the filters were flushed, everything passes',
      );
    }
  }

  async #apply(state: FilteredVpc, dirty: DirtyVpc, isClosing: boolean): Promise<void> {
    const changes: Changes = { inet: new Map(), arp: new Map() };
    if (dirty.topology) this.#planTopology(state, changes, isClosing);
    const memberships = new Map<string, readonly SecurityGroupId[]>();
    for (const nicId of dirty.nicIds) {
      const nic = state.nics.get(nicId);
      const policy = isClosing ? undefined : state.policy.nics.get(nicId as PluggedNic['nicId']);
      memberships.set(nicId, (nic && policy?.groupIds) ?? []);
      const context = { vpc: state.vpc, policy };
      changes.inet.set(`nic ${nicId}`, nic && nicPart(nic, this.#common, context));
      changes.arp.set(`nic ${nicId}`, nic && arpNicPart(nic, policy));
    }
    this.#planGroups(state, changes.inet, { memberships, groupIds: dirty.groupIds });
    await this.#nft.change(changes satisfies Readonly<Record<'inet' | 'arp', PartChanges>>);
    this.#remember(memberships);
  }

  /** The parts that follow from the VPC alone, and those of subnets and gateways that it no longer has. */
  #planTopology(
    { vpc, linkAddress }: FilteredVpc,
    { inet, arp }: Changes,
    isClosing: boolean,
  ): void {
    for (const key of this.#parts.inet.keys()) inet.set(key, undefined);
    for (const key of this.#parts.arp.keys()) arp.set(key, undefined);
    inet.set('base', basePart(this.#common, { vpc, linkAddress }));
    arp.set('base', arpBasePart(vpc));
    for (const subnet of vpc?.subnets ?? []) {
      const acl = isClosing ? [] : subnet.acl;
      inet.set(`subnet ${subnet.subnetId}`, subnetPart({ ...subnet, acl }));
    }
    if (vpc === undefined || isClosing) return;
    for (const gateway of vpc.natGateways) {
      const part = natGatewayPart(gateway, vpc, this.#common.addressing);
      inet.set(`nat ${gateway.natGatewayId}`, part);
    }
  }

  /** A group has chains while a plugged NIC is in it. */
  #planGroups(
    { policy }: FilteredVpc,
    inet: Map<string, TablePart | undefined>,
    {
      memberships,
      groupIds,
    }: {
      readonly memberships: ReadonlyMap<string, readonly SecurityGroupId[]>;
      readonly groupIds: Iterable<string>;
    },
  ): void {
    const touched = new Set(groupIds as Iterable<SecurityGroupId>);
    const used = new Set<SecurityGroupId>();
    for (const [nicId, groups] of memberships) {
      for (const groupId of groups) {
        used.add(groupId);
        touched.add(groupId);
      }
      for (const groupId of this.#groupsOf.get(nicId) ?? []) touched.add(groupId);
    }
    for (const groupId of touched) {
      const others = [...(this.#users.get(groupId) ?? [])].some((nicId) => !memberships.has(nicId));
      const rules = policy.groups.get(groupId) ?? [];
      const { hostAddress } = this.#common.addressing;
      const isUsed = others || used.has(groupId);
      inet.set(`group ${groupId}`, isUsed ? groupPart(groupId, rules, hostAddress) : undefined);
    }
  }

  #remember(memberships: ReadonlyMap<string, readonly SecurityGroupId[]>): void {
    for (const [nicId, groups] of memberships) {
      for (const groupId of this.#groupsOf.get(nicId) ?? [])
        this.#users.get(groupId)?.delete(nicId);
      this.#groupsOf.delete(nicId);
      if (groups.length > 0) this.#groupsOf.set(nicId, groups);
      for (const groupId of groups) {
        const users = this.#users.get(groupId) ?? new Set();
        this.#users.set(groupId, users.add(nicId));
      }
    }
  }
}

function everythingOf({ nics }: FilteredVpc): DirtyVpc {
  return { nicIds: nics.keys(), groupIds: [], topology: true };
}
