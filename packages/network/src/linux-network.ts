import type { Clock, Logger } from '@bakehouse/base';
import { invariant } from '@bakehouse/base';
import type { Network, NetworkInterfaceId, NetworkPolicy, Nic } from '@bakehouse/domain';
import { type Addressing, planAddressing } from './addressing.ts';
import { checkHost } from './check-host.ts';
import { type Dnsmasq, dnsmasqIn } from './dnsmasq.ts';
import { dnsmasqTables } from './dnsmasq-files.ts';
import { firewallWatch } from './firewall-watch.ts';
import { type GuestPorts, guestPorts } from './guest-ports.ts';
import { type GuestResolvers, guestResolvers } from './guest-resolvers.ts';
import { type HostForwarding, hostForwarding } from './host-forwarding.ts';
import { findLeftovers, type Leftover } from './leftovers.ts';
import { isLinked, makeNamespace, refuseCollision, removeNamespace } from './namespace.ts';
import { type NetworkFilters, networkFilters } from './network-filters.ts';
import { type NetworkNames, networkNames, tapName } from './network-names.ts';
import { type NetworkRecords, networkRecords } from './network-records.ts';
import type { NetworkState } from './plan-guest-tables.ts';
import { type DeviceCommand, linkAlias, tapCommand } from './plan-links.ts';
import { answersArp } from './reachability.ts';
import { type RunCommand, runCommand } from './run-command.ts';
import { type SerialQueue, serialQueue } from './serial-queue.ts';
import { type WantedNetwork, wantedNetwork } from './wanted-network.ts';

export interface LinuxNetworkOptions {
  /** Unique among the platforms of this host: 1 to 12 of `a-z0-9-`, for example `bh-1a2b3c`. */
  readonly name: string;
  /** Where the network keeps what it was asked for; private to it. */
  readonly directory: string;
  /** The pool of public addresses: /12 to /28. */
  readonly publicCidr: string;
  /** Stands for the pool on the link to the host; as large, on no network. Absent: derived from the pool. */
  readonly transitCidr?: string;
  /** Whether guests reach what is outside of this host. */
  readonly outbound: boolean;
  /** Where guests' names are resolved when outbound is on. Absent: the host's own resolvers. */
  readonly resolvers?: readonly string[];
  /** The host's interfaces that lead out. Absent: those of its default routes. */
  readonly uplinks?: readonly string[];
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface LinuxNetworkSeams {
  readonly device?: DeviceCommand;
  readonly run?: RunCommand;
}

/** The network as root: one routed namespace, a port per NIC, nftables, dnsmasq. See this package's README. */
export class LinuxNetwork implements Network {
  readonly #options: LinuxNetworkOptions;
  readonly #names: NetworkNames;
  readonly #addressing: Addressing;
  readonly #run: RunCommand;
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
    const { run = runCommand, device = tapCommand } = seams;
    this.#options = options;
    this.#run = run;
    this.#names = networkNames(options.name, options.directory);
    this.#addressing = planAddressing(options.publicCidr, options.transitCidr);
    this.#records = networkRecords(this.#names);
    this.#wanted = wantedNetwork(this.#records, this.#addressing, logger);
    const enter = this.enter();
    this.#ports = guestPorts(this.#names, { run, device });
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

  plug(nic: Nic): Promise<{ name: string }> {
    return this.#serially(async () => {
      this.#mustBeOpen();
      this.#wanted.check(nic);
      const before = this.#wanted.nics.get(nic.nicId);
      if (before !== undefined && before.privateIp !== nic.privateIp) await this.#remove(before);
      await this.#wanted.add(nic);
      await inParallel([
        this.#ports.make(nic),
        this.#filters.applyInside(this.#state()),
        this.#filters.applyOnHost(this.#state()),
        this.#applyDnsmasq(),
      ]);
      if (this.#options.outbound) this.#resolvers.check();
      return { name: tapName(nic.nicId) };
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
    return this.#serially(async () => {
      this.#mustBeOpen();
      // In force before it is kept: what cannot be planned, or nft refuses, leaves everything as it is.
      await this.#filters.applyInside({ ...this.#state(), policy });
      await this.#wanted.keep(policy);
    });
  }

  mend(): Promise<void> {
    return this.#serially(async () => {
      this.#mustBeOpen();
      const lost: string[] = [];
      try {
        await this.#mendParts(lost);
      } finally {
        if (lost.length > 0) {
          this.#options.logger.log('warn', 'the network had lost something, which is put back', {
            lost,
          });
        }
      }
      await this.#checkOutbound();
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
      // Unplugged while it was asked.
      if (!this.#wanted.nics.has(nicId)) return false;
      throw error;
    });
  }

  enter(): readonly string[] {
    return ['nsenter', `--net=${this.#names.namespaceFile}`, '--'];
  }

  async destroy(): Promise<void> {
    // Before its turn: a check ends with a turn of its own.
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

  /** What is there without being recorded: for `doctor`. Changes nothing. */
  leftovers(): Promise<readonly Leftover[]> {
    return this.#serially(async () => {
      const { nics } = await this.#records.load();
      return findLeftovers({
        names: this.#names,
        run: this.#run,
        devices: new Set([...nics.values()].map((nic) => tapName(nic.nicId))),
        dnsmasqPid: await this.#dnsmasq.findPid(),
      });
    });
  }

  /** Resolves when the last check of the resolvers has had its effect. */
  settled(): Promise<void> {
    return this.#resolvers.settled();
  }

  #state(): NetworkState {
    return {
      nics: this.#wanted.nics,
      policy: this.#wanted.policy,
      addressing: this.#addressing,
      outbound: this.#options.outbound,
    };
  }

  #mustBeOpen(): void {
    invariant(this.#isOpen, 'the network is opened before it is used');
  }

  /** Everything that is wanted, whatever is there; what is right already is not touched. */
  async #makeAll(): Promise<void> {
    const { outbound, directory } = this.#options;
    this.#filters.forget();
    // The host lets nothing pass in either direction before there is a link that could carry it.
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

  /** Says in `lost` what was put back, also when something else could not be. */
  async #mendParts(lost: string[]): Promise<void> {
    if (!(await isLinked(this.#names, this.#addressing, this.#run))) {
      // Whatever of it is lost: it is made anew, which guests do not notice.
      await this.#run(['ip', 'link', 'delete', this.#names.hostLink]).catch(() => {});
      await this.#makeAll();
      lost.push('the link between host and namespace');
      return;
    }
    await inParallel([
      this.#filters.mend(this.#state()).then((tables) => lost.push(...tables)),
      this.#applyDnsmasq().then((isNew) => lost.push(...(isNew ? ['dnsmasq'] : []))),
    ]);
  }

  /** A recorded policy that cannot be had does not keep the platform from starting: nothing passes then. */
  async #openFilters(): Promise<void> {
    try {
      await this.#filters.applyInside(this.#state());
    } catch (error) {
      this.#options.logger.log(
        'error',
        'the recorded policy is refused: nothing passes until another is applied',
        { error },
      );
      this.#wanted.close();
      await this.#filters.applyInside(this.#state());
    }
  }

  /** True when dnsmasq had to be started. */
  #applyDnsmasq(): Promise<boolean> {
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
    await inParallel([
      this.#filters.applyInside(this.#state()),
      this.#filters.applyOnHost(this.#state()),
      this.#ports.remove(nic, this.#wanted.nics.values()),
      this.#applyDnsmasq(),
    ]);
  }
}

/** Waits for all, also when one fails, so that nothing runs on behind the caller's back. */
async function inParallel(tasks: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(tasks);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
