import {
  allEnded,
  type Clock,
  invariant,
  type Logger,
  type SerialQueue,
  serialQueue,
} from '@bakehouse/base';
import type {
  InstanceId,
  Network,
  NetworkInterfaceId,
  NetworkPolicy,
  NetworkPort,
  NetworkRepair,
  Nic,
  PolicyChange,
} from '@bakehouse/domain';
import type { UserRange } from '@bakehouse/host';
import { type Addressing, planAddressing } from './addressing.ts';
import { changedPolicy } from './changed-policy.ts';
import { checkHost } from './check-host.ts';
import { type Dnsmasq, dnsmasqIn } from './dnsmasq.ts';
import { dnsmasqTables } from './dnsmasq-files.ts';
import { firewallWatch } from './firewall-watch.ts';
import { type GuestPorts, guestPorts } from './guest-ports.ts';
import { type GuestResolvers, guestResolvers } from './guest-resolvers.ts';
import { type HostForwarding, hostForwarding } from './host-forwarding.ts';
import { findNetworkLeftovers, type NetworkLeftover } from './leftovers.ts';
import { isLinked, makeNamespace, refuseCollision, removeNamespace } from './namespace.ts';
import { type FilterPlace, type NetworkFilters, networkFilters } from './network-filters.ts';
import { type NetworkNames, networkNames, tapName } from './network-names.ts';
import { type NetworkRecords, networkRecords } from './network-records.ts';
import type { NetworkState } from './plan-guest-tables.ts';
import { type DeviceCommand, linkAlias, tapCommand } from './plan-links.ts';
import { answersArp } from './reachability.ts';
import { type RunNetworkCommand, runNetworkCommand } from './run-network-command.ts';
import { type WantedNetwork, wantedNetwork } from './wanted-network.ts';

export interface LinuxNetworkOptions {
  /** Unique among the platforms of this host: 1 to 12 of `a-z0-9-`, for example `bh-1a2b3c`. */
  readonly name: string;
  /** Where the network keeps what it was asked for. Private to it. */
  readonly directory: string;
  /** The pool of public addresses: /12 to /28. */
  readonly publicCidr: string;
  /** Carries the pool on the link to the host: as large, and on no network. Absent: derived from the pool. */
  readonly transitCidr?: string;
  /** Whether guests reach what is outside of this host. */
  readonly outbound: boolean;
  /** Absent: machines connect with the rights of root. */
  readonly machineUsers?: MachineUsers;
  /** Where guests' names are resolved when outbound is on. Absent: the host's own resolvers. */
  readonly resolvers?: readonly string[];
  /** The host's interfaces that lead out. Absent: those of its default routes. */
  readonly uplinks?: readonly string[];
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The users of machines: each may use its own ports, and send nothing past them. */
interface MachineUsers {
  readonly range: UserRange;
  of(instanceId: InstanceId): Promise<number>;
}

/** What tests replace. */
export interface LinuxNetworkSeams {
  readonly device?: DeviceCommand;
  readonly run?: RunNetworkCommand;
}

/** A repair and the work that it takes. */
interface PlannedRepair {
  readonly repair: NetworkRepair;
  perform(): Promise<void>;
}

/** The network as root: one routed namespace, a port per NIC, nftables, dnsmasq. See this package's README. */
export class LinuxNetwork implements Network {
  readonly #options: LinuxNetworkOptions;
  readonly #names: NetworkNames;
  readonly #addressing: Addressing;
  readonly #run: RunNetworkCommand;
  readonly #records: NetworkRecords;
  readonly #wanted: WantedNetwork;
  readonly #ports: GuestPorts;
  readonly #filters: NetworkFilters;
  readonly #dnsmasq: Dnsmasq;
  readonly #resolvers: GuestResolvers;
  readonly #forwarding: HostForwarding;
  readonly #checkFirewall: () => Promise<void>;
  readonly #serially: SerialQueue = serialQueue();
  #isOpen = false;

  constructor(options: LinuxNetworkOptions, seams: LinuxNetworkSeams = {}) {
    const { clock, logger, uplinks, resolvers } = options;
    const { run = runNetworkCommand, device = tapCommand } = seams;
    this.#options = options;
    this.#run = run;
    this.#names = networkNames(options.name, options.directory);
    this.#addressing = planAddressing(options.publicCidr, options.transitCidr);
    this.#records = networkRecords(this.#names);
    this.#wanted = wantedNetwork(this.#records, this.#addressing, logger);
    const enter = this.enter();
    this.#ports = guestPorts(this.#names, {
      run,
      device,
      userOf: options.machineUsers?.of,
    });
    this.#filters = networkFilters(this.#names, { run, enter });
    this.#dnsmasq = dnsmasqIn(this.#names, { run, clock, enter });
    this.#forwarding = hostForwarding(this.#names, { run, logger, ...(uplinks && { uplinks }) });
    this.#checkFirewall = firewallWatch(this.#names.hostLink, { run, clock, logger });
    this.#resolvers = guestResolvers({
      ...(resolvers && { resolvers }),
      run,
      enter,
      clock,
      logger,
      onChecked: () =>
        this.#serially(async () => {
          if (this.#isOpen) await this.#applyDnsmasq();
        }),
    });
  }

  open(): Promise<void> {
    return this.#serially(async () => {
      await checkHost();
      await refuseCollision(this.#names, this.#addressing, this.#run);
      await this.#wanted.load();
      await this.#makeAll();
      this.#isOpen = true;
      await this.#checkOutbound();
    });
  }

  plug(nic: Nic): Promise<NetworkPort> {
    return this.#serially(async () => {
      this.#mustBeOpen();
      this.#wanted.check(nic);
      const before = this.#wanted.nics.get(nic.nicId);
      if (before !== undefined && before.privateIp !== nic.privateIp) await this.#remove(before);
      await this.#wanted.add(nic);
      await allEnded([
        this.#ports.make(nic),
        this.#filters.applyInside(this.#state()),
        this.#filters.applyOnHost(this.#state()),
        this.#applyDnsmasq(),
      ]);
      if (this.#options.outbound) this.#resolvers.check();
      return tapName(nic.nicId);
    });
  }

  unplug(nicId: NetworkInterfaceId): Promise<void> {
    return this.#serially(async () => {
      this.#mustBeOpen();
      const nic = this.#wanted.nics.get(nicId);
      if (nic !== undefined) await this.#remove(nic);
    });
  }

  applyPolicy(policy: NetworkPolicy): Promise<void> {
    return this.#serially(() => this.#enforce(policy));
  }

  changePolicy(change: PolicyChange): Promise<void> {
    return this.#serially(() => this.#enforce(changedPolicy(this.#wanted.recordedPolicy, change)));
  }

  repair(): Promise<readonly NetworkRepair[]> {
    return this.#serially(async () => {
      this.#mustBeOpen();
      const planned = await this.#planRepairs();
      for (const { repair } of planned) {
        this.#options.logger.log('warn', 'repairing the network', { ...repair });
      }
      await allEnded(planned.map((each) => each.perform()));
      // Brings the files of a dnsmasq that runs in line, too.
      await this.#applyDnsmasq();
      await this.#checkOutbound();
      return planned.map(({ repair }) => repair);
    });
  }

  async list(): Promise<readonly NetworkInterfaceId[]> {
    const { nics } = this.#isOpen ? this.#wanted : await this.#records.load();
    return [...nics.values()].map((nic) => nic.nicId);
  }

  async isReachable(nicId: NetworkInterfaceId): Promise<boolean> {
    const nic = this.#wanted.nics.get(nicId);
    if (nic === undefined) return false;
    const { clock } = this.#options;
    const namespace = this.#names.namespace;
    return answersArp(nic, { run: this.#run, clock, namespace }).catch((error: unknown) => {
      // It may have been unplugged meanwhile.
      if (!this.#wanted.nics.has(nicId)) return false;
      throw error;
    });
  }

  /** The argv prefix that runs a program inside the network. It becomes that program by exec. */
  enter(): readonly string[] {
    return ['nsenter', `--net=${this.#names.namespaceFile}`, '--'];
  }

  async destroy(): Promise<void> {
    // Outside of the queue: a check of the resolvers ends with a turn in it.
    await this.#resolvers.settled();
    return this.#serially(async () => {
      await checkHost();
      await this.#forwarding.restore();
      await this.#dnsmasq.remove();
      await this.#run(['ip', 'link', 'delete', this.#names.hostLink]).catch(() => {});
      await removeNamespace(this.#names, { run: this.#run, logger: this.#options.logger });
      const table = `ip ${this.#names.table}`;
      await this.#run(['nft', '-f', '-'], `add table ${table}\ndelete table ${table}\n`);
      await this.#wanted.clear();
      this.#isOpen = false;
    });
  }

  /** What exists on this host without a record, for `doctor`. Changes nothing. */
  leftovers(): Promise<readonly NetworkLeftover[]> {
    return this.#serially(async () => {
      const { nics } = await this.#records.load();
      return findNetworkLeftovers({
        names: this.#names,
        run: this.#run,
        devices: new Set([...nics.values()].map((nic) => tapName(nic.nicId))),
        dnsmasq: await this.#dnsmasq.find(),
      });
    });
  }

  /** Resolves when the last check of the resolvers has taken effect. */
  settled(): Promise<void> {
    return this.#resolvers.settled();
  }

  #state(): NetworkState {
    return {
      nics: this.#wanted.nics,
      policy: this.#wanted.policy,
      addressing: this.#addressing,
      outbound: this.#options.outbound,
      machineUsers: this.#options.machineUsers?.range,
    };
  }

  /** In force before it is recorded: a policy that cannot be planned, or that nft refuses, changes nothing. */
  async #enforce(policy: NetworkPolicy): Promise<void> {
    this.#mustBeOpen();
    await this.#filters.applyInside({ ...this.#state(), policy });
    await this.#wanted.keep(policy);
  }

  #mustBeOpen(): void {
    invariant(this.#isOpen, 'the network is opened before it is used');
  }

  /** Makes everything that is wanted, whatever exists. What is right already is not touched. */
  async #makeAll(): Promise<void> {
    const { outbound, directory } = this.#options;
    this.#filters.forget();
    // The host's filters come first: nothing may pass before they exist.
    await this.#filters.applyOnHost(this.#state());
    await makeNamespace({
      names: this.#names,
      addressing: this.#addressing,
      alias: linkAlias(this.#addressing, directory),
      outbound,
      run: this.#run,
      enter: this.enter(),
    });
    await this.#openFilters();
    await this.#ports.makeOnly(this.#wanted.nics.values());
    await this.#applyDnsmasq();
    await (outbound ? this.#forwarding.enable() : this.#forwarding.restore());
  }

  /** Looks for what was lost, and changes nothing. */
  async #planRepairs(): Promise<readonly PlannedRepair[]> {
    const { hostLink, namespace, table } = this.#names;
    if (!(await isLinked(this.#names, this.#addressing, this.#run))) {
      const repair = { part: 'link', name: hostLink, how: 'recreated' } as const;
      return [{ repair, perform: () => this.#remakeLink() }];
    }
    const tableNames: Readonly<Record<FilterPlace, string>> = {
      host: `table ip ${table}`,
      inside: `tables ${table} of namespace ${namespace}`,
    };
    const lost = new Set(await this.#filters.lost());
    // Then the tables are not those of the recorded policy.
    if (this.#wanted.isClosed) lost.add('inside');
    const replace: Readonly<Record<FilterPlace, () => Promise<void>>> = {
      host: () => this.#filters.replace('host', this.#state()),
      inside: () =>
        this.#applyRecorded((error) => {
          throw error;
        }),
    };
    const filters = [...lost].map((place) => ({
      repair: { part: 'filters', name: tableNames[place], how: 'replaced' } as const,
      perform: replace[place],
    }));
    if (await this.#dnsmasq.find()) return filters;
    const repair = { part: 'dhcp-and-dns', name: 'dnsmasq', how: 'restarted' } as const;
    return [...filters, { repair, perform: () => this.#applyDnsmasq() }];
  }

  /** Whatever of the link is lost, all of it is made again. Guests do not notice. */
  async #remakeLink(): Promise<void> {
    await this.#run(['ip', 'link', 'delete', this.#names.hostLink]).catch(() => {});
    await this.#makeAll();
  }

  /** Applies the recorded policy, also after `close`. When it is refused, nothing passes. */
  async #applyRecorded(onRefused: (error: unknown) => void): Promise<void> {
    this.#wanted.open();
    try {
      await this.#filters.replace('inside', this.#state());
    } catch (error) {
      // Where somebody has flushed the tables, everything would pass.
      this.#wanted.close();
      await this.#closeFilters(error);
      onRefused(error);
    }
  }

  async #closeFilters(refusal: unknown): Promise<void> {
    try {
      await this.#filters.replace('inside', this.#state());
    } catch (error) {
      throw new AggregateError(
        [refusal, error],
        'nft refuses the recorded network policy, and also the rules that let nothing pass: where the filters were flushed, everything passes',
      );
    }
  }

  /** A recorded policy that cannot be applied must not keep the platform from starting: then nothing passes. */
  #openFilters(): Promise<void> {
    return this.#applyRecorded((error) =>
      this.#options.logger.log(
        'error',
        'cannot apply the recorded network policy; nothing passes until the next repair or change of the policy that succeeds',
        { error },
      ),
    );
  }

  #applyDnsmasq(): Promise<void> {
    const nics = [...this.#wanted.nics.values()];
    return this.#dnsmasq.apply(dnsmasqTables(nics, this.#resolvers.answering), nics);
  }

  async #checkOutbound(): Promise<void> {
    if (!this.#options.outbound) return;
    this.#resolvers.check();
    await this.#checkFirewall();
  }

  async #remove(nic: Nic): Promise<void> {
    await this.#wanted.remove(nic);
    await allEnded([
      this.#filters.applyInside(this.#state()),
      this.#filters.applyOnHost(this.#state()),
      this.#ports.remove(nic, this.#wanted.nics.values()),
      this.#applyDnsmasq(),
    ]);
  }
}
