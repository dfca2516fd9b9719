import { allEnded, type Clock, type Logger } from '@bakehouse/base';
import type { PolicyNic, SecurityGroupId, VpcId, VpcTopology } from '@bakehouse/domain';
import { type Dnsmasq, dnsmasqIn } from './dnsmasq.ts';
import { dnsmasqTables } from './dnsmasq-files.ts';
import { LinkParts } from './link-parts.ts';
import type { PlannedRepair } from './looks.ts';
import {
  applySettings,
  ensureNamespace,
  namespaceInode,
  removeNamespace,
  text,
} from './namespace.ts';
import { processInNamespace } from './namespace-processes.ts';
import {
  enterNamespace,
  guestAddress,
  type NetworkNames,
  tapName,
  uplinkName,
  type VpcNames,
  vpcLinkAddress,
  vpcNames,
} from './network-names.ts';
import type { PluggedNic } from './network-records.ts';
import type { PolicyState } from './network-state.ts';
import { vpcSettings } from './plan-links.ts';
import type { VpcCommon } from './plan-vpc-chains.ts';
import {
  type FoundLinks,
  foundLinks,
  foundOf,
  hopTo,
  isRoutedTo,
  type LinkCommands,
  linkChanges,
  listLinks,
  nothingFound,
  portLinks,
  type VpcLinks,
  vpcLinks,
} from './plan-vpc-links.ts';
import { natTransits, transitPairs } from './plan-vpc-table.ts';
import { rememberLast } from './remember-last.ts';
import type { Router } from './router.ts';
import type { RunNetworkCommand } from './run-network-command.ts';
import { type DirtyVpc, type FilteredVpc, VpcFilters } from './vpc-filters.ts';

export interface VpcNetworkOptions {
  readonly names: NetworkNames;
  readonly vpcId: VpcId;
  /** Of its link to the router. */
  readonly number: number;
  readonly common: VpcCommon;
  readonly router: Router;
  readonly policy: () => PolicyState;
  /** The resolvers outside. */
  readonly resolvers: () => readonly string[];
  readonly commands: LinkCommands;
  readonly run: RunNetworkCommand;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One VPC on this host: a namespace with a routed port per NIC, filters, DHCP and DNS, and a link to the router. */
export class VpcNetwork {
  readonly #options: VpcNetworkOptions;
  readonly #names: VpcNames;
  readonly #filters: VpcFilters;
  readonly #dnsmasq: Dnsmasq;
  readonly #nics = new Map<string, PluggedNic>();
  /** What the kernel has while `#isKnown`. */
  readonly #links = new LinkParts();
  #isKnown = false;
  /** By which a namespace is found whose name was removed. */
  #inode: number | undefined;

  constructor(options: VpcNetworkOptions, nics: Iterable<PluggedNic>) {
    const { names, vpcId, common, run, clock, logger } = options;
    this.#options = options;
    this.#names = vpcNames(names, vpcId);
    const enter = enterNamespace(this.#names.namespace);
    this.#filters = new VpcFilters({ table: this.#names.table, common, run, enter, logger });
    this.#dnsmasq = dnsmasqIn(this.#names, { run, clock, enter });
    for (const nic of nics) this.#nics.set(nic.nicId, nic);
  }

  get namespace(): string {
    return this.#names.namespace;
  }

  get nics(): ReadonlyMap<string, PluggedNic> {
    return this.#nics;
  }

  get dnsmasq(): Dnsmasq {
    return this.#dnsmasq;
  }

  get isClosed(): boolean {
    return this.#filters.isClosed;
  }

  usesGroup(groupId: SecurityGroupId): boolean {
    return this.#filters.usesGroup(groupId);
  }

  /** Makes everything that is wanted, whatever exists. What is right already is not touched. */
  async open(): Promise<void> {
    const { run, router, vpcId } = this.#options;
    const pid = await processInNamespace(this.#inode);
    const isNew = await ensureNamespace(this.#names, run, pid);
    if (isNew) this.#dnsmasq.expectNone();
    this.#inode = await namespaceInode(this.#names.namespaceFile);
    const filters = this.#filters.open(this.#state());
    // Guests may run in a namespace that was here: nothing leads there before it is filtered.
    if (!isNew) await filters;
    await allEnded([filters, this.#link(isNew), this.applyDnsmasq()]);
    // Ports come last, so that each is filtered from its first packet on.
    const moved = await this.#takeOver(this.#nics.values());
    this.#links.change(this.#plannedLinks({ nicIds: this.#nics.keys(), topology: true }));
    const links =
      isNew && moved === 0 ? this.#turn(nothingFound, this.#links.whole()) : this.#completeLinks();
    await allEnded([links, router.reach(vpcId, this.#reached())]);
    this.#isKnown = true;
  }

  /**
   * Brings the kernel in line with NICs that were plugged or unplugged. Until a NIC's elements are in the filters, nothing
   * passes its port, so they and the port are made side by side.
   */
  async setNics(changes: ReadonlyMap<string, PluggedNic | undefined>): Promise<void> {
    for (const [nicId, nic] of changes) {
      if (nic) this.#nics.set(nicId, nic);
      else this.#nics.delete(nicId);
    }
    const moved = await this.#takeOver([...changes.values()].filter((nic) => nic !== undefined));
    if (moved > 0) this.#isKnown = false;
    await allEnded([
      this.#filters.setNics(this.#state(), [...changes.keys()]),
      this.#reach(),
      this.#applyLinks({ nicIds: changes.keys(), topology: false }),
      this.applyDnsmasq(),
    ]);
  }

  /** The policy has changed. Rejected: the filters are as they were; call it again with what is right then. */
  async change(dirty: DirtyVpc): Promise<void> {
    // Nothing leads to an address before it is filtered.
    await this.#filters.change(this.#state(), dirty);
    const nicIds = [...dirty.nicIds];
    if (!dirty.topology && nicIds.length === 0) return;
    await allEnded([
      this.#reach(),
      this.#applyLinks({ nicIds, topology: dirty.topology }),
      ...(dirty.topology ? [this.applyDnsmasq()] : []),
    ]);
  }

  async applyDnsmasq(): Promise<void> {
    const nics = [...this.#nics.values()];
    const vpc = this.#topology() ?? {
      cidrs: [...new Set(nics.map((nic) => nic.subnetCidr))],
      dhcp: {},
    };
    const tables = dnsmasqTables(nics, vpc, this.#options.resolvers());
    await this.#dnsmasq.apply(tables, vpc, nics);
  }

  /** Looks for what was lost, and changes nothing. */
  async planRepairs(): Promise<readonly PlannedRepair[]> {
    const { namespace } = this;
    const remade = { part: 'vpc', name: `namespace ${namespace}`, how: 'recreated' } as const;
    if (!(await this.#isWhole())) return [{ repair: remade, perform: () => this.open() }];
    const planned: PlannedRepair[] = [];
    if (!(await this.#filters.areIntact())) {
      const name = `tables ${this.#names.table} of namespace ${namespace}`;
      planned.push({
        repair: { part: 'filters', name, how: 'replaced' },
        perform: () => this.#filters.replace(this.#state()),
      });
    }
    if (!(await this.#dnsmasq.find())) {
      planned.push({
        repair: { part: 'dhcp-and-dns', name: `dnsmasq of ${namespace}`, how: 'restarted' },
        perform: () => this.applyDnsmasq(),
      });
    }
    return planned;
  }

  async remove(): Promise<void> {
    const { run, logger, router, vpcId, number } = this.#options;
    await this.#dnsmasq.remove();
    await router.unlink(number);
    await router.reach(vpcId, undefined);
    await removeNamespace(this.#names, { run, logger });
  }

  /** Ports that the release before made in the router. Returns how many. */
  async #takeOver(nics: Iterable<PluggedNic>): Promise<number> {
    let moved = 0;
    for (const { nicId } of nics)
      if (await this.#options.router.handOver(tapName(nicId), this.namespace)) moved += 1;
    return moved;
  }

  #topology(): VpcTopology | undefined {
    return this.#options.policy().vpcs.get(this.#options.vpcId);
  }

  #state(): FilteredVpc {
    const { policy, number } = this.#options;
    const linkAddress = vpcLinkAddress(number);
    return { nics: this.#nics, policy: policy(), vpc: this.#topology(), linkAddress };
  }

  /** What is wanted of these NICs, and of the VPC where that has changed. */
  #plannedLinks({
    nicIds,
    topology,
  }: Omit<DirtyVpc, 'groupIds'>): Map<string, VpcLinks | undefined> {
    const { policy, number } = this.#options;
    const { nics } = policy();
    const vpc = this.#topology();
    const changed = new Set(nicIds);
    const planned = new Map<string, VpcLinks | undefined>();
    for (const nicId of changed) {
      const nic = this.#nics.get(nicId);
      planned.set(nicId, nic && portLinks(nic, nics.get(nicId)));
    }
    if (topology || isRoutedTo(vpc, changed)) {
      const hopOf = (nicId: string) => hopTo(this.#nics.get(nicId), nics.get(nicId));
      planned.set('vpc', vpcLinks(vpc, { linkAddress: vpcLinkAddress(number), hopOf }));
    }
    return planned;
  }

  /** The addresses for which the router sends here: guests' own, and those that carry public ones. */
  #reached(): { readonly number: number; readonly addresses: ReadonlySet<string> } {
    const { policy, number, common } = this.#options;
    const vpc = this.#topology();
    const { nics } = policy();
    const addresses = new Set<string>();
    for (const nic of this.#nics.values()) {
      for (const address of this.#reachedBy(nic, nics.get(nic.nicId), vpc)) addresses.add(address);
    }
    for (const transit of vpc ? natTransits(vpc, common.addressing) : []) addresses.add(transit);
    return { number, addresses };
  }

  readonly #reachedBy = rememberLast(
    (nic: PluggedNic, policy: PolicyNic | undefined, vpc: VpcTopology | undefined) => {
      const own = guestAddress(nic.guestNumber);
      if (!vpc?.hasInternetGateway) return [own];
      const pairs = transitPairs(policy, this.#options.common.addressing);
      return [own, ...pairs.map(([transit]) => transit)];
    },
  );

  #reach(): Promise<void> {
    return this.#options.router.reach(this.#options.vpcId, this.#reached());
  }

  async #link(isNew: boolean): Promise<void> {
    const { run, router, number } = this.#options;
    const enter = enterNamespace(this.#names.namespace);
    await router.link(number, { namespace: this.namespace, isNew });
    await applySettings(enter, vpcSettings, run);
    await run(['ip', '-n', this.namespace, '-batch', '-'], text(upLines));
  }

  async #applyLinks(dirty: Omit<DirtyVpc, 'groupIds'>): Promise<void> {
    const { before, after } = this.#links.change(this.#plannedLinks(dirty));
    const isKnown = this.#isKnown;
    this.#isKnown = false;
    const isApplied =
      isKnown &&
      (await this.#turn(foundOf(before), after).then(
        () => true,
        () => false,
      ));
    // Not known, or somebody else has changed it.
    if (!isApplied) await this.#completeLinks();
    this.#isKnown = true;
  }

  /** Whatever the kernel has. */
  async #completeLinks(): Promise<void> {
    await this.#turn(await this.#look(), this.#links.whole());
  }

  async #turn(found: FoundLinks, wanted: VpcLinks): Promise<void> {
    const { run, commands } = this.#options;
    const lines = linkChanges(found, wanted, commands);
    if (lines.length > 0) await run(['ip', '-n', this.namespace, '-batch', '-'], text(lines));
  }

  async #look(): Promise<FoundLinks> {
    const argv = ['ip', '-n', this.namespace, '-4', '-j', '-batch', '-'];
    return foundLinks(await this.#options.run(argv, text(listLinks)));
  }

  /** Whether namespace, link, ports, addresses and routes are as they should be. */
  async #isWhole(): Promise<boolean> {
    const inode = await namespaceInode(this.#names.namespaceFile);
    if (inode === undefined || inode !== this.#inode) return false;
    const found = await this.#look().catch(() => undefined);
    return (
      found !== undefined &&
      linkChanges(found, this.#links.whole(), this.#options.commands).length === 0
    );
  }
}

const upLines = ['link set dev lo up', `link set dev ${uplinkName} up`];
