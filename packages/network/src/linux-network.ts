import { rm } from 'node:fs/promises';
import type { Clock, Logger } from '@bakehouse/base';
import { invariant } from '@bakehouse/base';
import type { Network, NetworkInterfaceId, NetworkPolicy, Nic } from '@bakehouse/domain';
import { type Addressing, planAddressing } from './addressing.ts';
import { checkHost } from './check-host.ts';
import { checkNeighbours, checkNic, vpcOf } from './check-nic.ts';
import { formatCidr } from './cidr.ts';
import { type Dnsmasq, dnsmasqIn } from './dnsmasq.ts';
import { dnsmasqTables } from './dnsmasq-files.ts';
import { type HostForwarding, hostForwarding } from './host-forwarding.ts';
import { findLeftovers, type Leftover } from './leftovers.ts';
import {
  hostResolvers,
  insideLinks,
  isNamespace,
  makeNamespace,
  refuseCollision,
  text,
} from './namespace.ts';
import { type NetworkNames, networkNames, tapName } from './network-names.ts';
import { emptyPolicy, type NetworkRecords, networkRecords } from './network-records.ts';
import { type NftTables, nftTables } from './nft-tables.ts';
import { type NetworkState, planArpTable, planGuestTable } from './plan-guest-tables.ts';
import { planHostTable } from './plan-host-table.ts';
import {
  type DeviceCommand,
  linkAlias,
  plugLines,
  tapCommand,
  vpcGoneLines,
} from './plan-links.ts';
import { answersArp } from './reachability.ts';
import { answeringResolvers } from './resolver-probe.ts';
import { type RunCommand, runCommand } from './run-command.ts';
import { type SerialQueue, serialQueue } from './serial-queue.ts';

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

const resolverCheckMs = 60_000;

/** The network as root: one routed namespace, a port per NIC, nftables, dnsmasq. See this package's README. */
export class LinuxNetwork implements Network {
  readonly #options: LinuxNetworkOptions;
  readonly #names: NetworkNames;
  readonly #addressing: Addressing;
  readonly #run: RunCommand;
  readonly #device: DeviceCommand;
  readonly #records: NetworkRecords;
  readonly #dnsmasq: Dnsmasq;
  readonly #forwarding: HostForwarding;
  readonly #guestTables: NftTables;
  readonly #hostTables: NftTables;
  readonly #serially: SerialQueue = serialQueue();
  #nics = new Map<string, Nic>();
  #policy: NetworkPolicy = emptyPolicy;
  #resolvers: readonly string[] = [];
  #resolversCheckedAt: number | undefined;
  #resolverCheck: Promise<void> = Promise.resolve();
  #isOpen = false;

  constructor(options: LinuxNetworkOptions, seams: LinuxNetworkSeams = {}) {
    const { clock, logger, uplinks } = options;
    this.#options = options;
    this.#names = networkNames(options.name, options.directory);
    this.#addressing = planAddressing(options.publicCidr, options.transitCidr);
    const run = seams.run ?? runCommand;
    this.#run = run;
    this.#device = seams.device ?? tapCommand;
    this.#records = networkRecords(this.#names);
    const enter = this.enter();
    this.#dnsmasq = dnsmasqIn(this.#names, { run, clock, enter });
    this.#forwarding = hostForwarding(this.#names, { run, logger, ...(uplinks && { uplinks }) });
    this.#guestTables = nftTables(run, enter);
    this.#hostTables = nftTables(run, []);
  }

  open(): Promise<void> {
    return this.#serially(async () => {
      await checkHost();
      await refuseCollision(this.#names, this.#addressing, this.#run);
      await this.#records.prepare();
      const { nics, policy } = await this.#records.load();
      this.#nics = this.#usable(nics);
      this.#policy = policy;
      this.#guestTables.forget();
      this.#hostTables.forget();
      // The host lets nothing pass in either direction before there is a link that could carry it.
      await this.#applyHostTable();
      await makeNamespace({
        names: this.#names,
        addressing: this.#addressing,
        alias: linkAlias(this.#addressing, this.#options.directory),
        outbound: this.#options.outbound,
        run: this.#run,
        enter: this.enter(),
      });
      await this.#applyGuestTables();
      await this.#makePorts();
      await this.#applyDnsmasq();
      await (this.#options.outbound ? this.#forwarding.enable() : this.#forwarding.restore());
      this.#isOpen = true;
      this.#checkResolvers();
    });
  }

  plug(nic: Nic): Promise<{ name: string }> {
    return this.#serially(async () => {
      this.#mustBeOpen();
      checkNeighbours(checkNic(nic, this.#addressing), this.#nics.values());
      const before = this.#nics.get(nic.nicId);
      if (before !== undefined && before.privateIp !== nic.privateIp) await this.#remove(before);
      await this.#records.saveNic(nic);
      this.#nics.set(nic.nicId, nic);
      await inParallel([
        this.#makePort(nic),
        this.#applyGuestTables(),
        this.#applyHostTable(),
        this.#applyDnsmasq(),
      ]);
      this.#checkResolvers();
      return { name: tapName(nic.nicId) };
    });
  }

  unplug(nicId: NetworkInterfaceId): Promise<void> {
    return this.#serially(async () => {
      this.#mustBeOpen();
      const nic = this.#nics.get(nicId);
      if (nic !== undefined) await this.#remove(nic);
    });
  }

  applyPolicy(policy: NetworkPolicy): Promise<void> {
    return this.#serially(async () => {
      this.#mustBeOpen();
      // Planned before it is kept: a malformed policy leaves everything as it is.
      planGuestTable(this.#names.table, { ...this.#state(), policy });
      await this.#records.savePolicy(policy);
      this.#policy = policy;
      await this.#applyGuestTables();
    });
  }

  async list(): Promise<readonly NetworkInterfaceId[]> {
    const { nics } = this.#isOpen ? { nics: this.#nics } : await this.#records.load();
    return [...nics.values()].map((nic) => nic.nicId);
  }

  async isReachable(nicId: NetworkInterfaceId): Promise<boolean> {
    const nic = this.#nics.get(nicId);
    if (nic === undefined) return false;
    const { clock } = this.#options;
    const namespace = this.#names.namespace;
    return answersArp(nic, { run: this.#run, clock, namespace }).catch((error: unknown) => {
      // Unplugged while it was asked.
      if (!this.#nics.has(nicId)) return false;
      throw error;
    });
  }

  enter(): readonly string[] {
    return ['nsenter', `--net=${this.#names.namespaceFile}`, '--'];
  }

  destroy(): Promise<void> {
    return this.#serially(async () => {
      await checkHost();
      await this.#resolverCheck;
      await this.#forwarding.restore();
      await this.#dnsmasq.remove();
      await this.#run(['ip', 'link', 'delete', this.#names.hostLink]).catch(() => {});
      await this.#removeNamespace();
      const table = `ip ${this.#names.table}`;
      await this.#run(['nft', '-f', '-'], `add table ${table}\ndelete table ${table}\n`);
      await this.#records.clear();
      this.#nics = new Map();
      this.#policy = emptyPolicy;
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
  async settled(): Promise<void> {
    await this.#resolverCheck;
  }

  #state(): NetworkState {
    return {
      nics: this.#nics,
      policy: this.#policy,
      addressing: this.#addressing,
      outbound: this.#options.outbound,
    };
  }

  #mustBeOpen(): void {
    invariant(this.#isOpen, 'the network is opened before it is used');
  }

  /** Records that this configuration cannot serve (of another pool) are left out, and said. */
  #usable(nics: ReadonlyMap<string, Nic>): Map<string, Nic> {
    const usable = new Map<string, Nic>();
    for (const [nicId, nic] of nics) {
      try {
        checkNeighbours(checkNic(nic, this.#addressing), usable.values());
        usable.set(nicId, nic);
      } catch (error) {
        this.#options.logger.log('warn', 'a recorded NIC is left unplugged', { nicId, error });
      }
    }
    return usable;
  }

  #applyGuestTables(): Promise<void> {
    const { table } = this.#names;
    const state = this.#state();
    return this.#guestTables.apply([planGuestTable(table, state), planArpTable(table, state)]);
  }

  #applyHostTable(): Promise<void> {
    const { table, hostLink } = this.#names;
    return this.#hostTables.apply([planHostTable(table, hostLink, this.#state())]);
  }

  #applyDnsmasq(): Promise<void> {
    const nics = [...this.#nics.values()];
    return this.#dnsmasq.apply(dnsmasqTables(nics, this.#resolvers), nics);
  }

  async #makePort(nic: Nic): Promise<void> {
    const links = await insideLinks(this.#run, this.#names.namespace);
    const lines = plugLines(nic, links.has(tapName(nic.nicId)), this.#device);
    await this.#inside(lines);
  }

  /** All recorded ports, and none that is not recorded. */
  async #makePorts(): Promise<void> {
    const links = await insideLinks(this.#run, this.#names.namespace);
    const nics = [...this.#nics.values()];
    const wanted = new Set(nics.map((nic) => tapName(nic.nicId)));
    const gone = [...links].filter((link) => link.startsWith('tap') && !wanted.has(link));
    await this.#inside([
      ...gone.map((link) => `link delete dev ${link}`),
      ...nics.flatMap((nic) => plugLines(nic, links.has(tapName(nic.nicId)), this.#device)),
    ]);
  }

  async #remove(nic: Nic): Promise<void> {
    await this.#records.removeNic(nic.nicId);
    this.#nics.delete(nic.nicId);
    await inParallel([
      this.#applyGuestTables(),
      this.#applyHostTable(),
      this.#removePort(nic),
      this.#applyDnsmasq(),
    ]);
  }

  async #removePort(nic: Nic): Promise<void> {
    const links = await insideLinks(this.#run, this.#names.namespace);
    if (links.has(tapName(nic.nicId)))
      await this.#inside([`link delete dev ${tapName(nic.nicId)}`]);
    const vpc = formatCidr(vpcOf(nic));
    if ([...this.#nics.values()].some((other) => formatCidr(vpcOf(other)) === vpc)) return;
    // Absent when an earlier attempt got this far.
    for (const line of vpcGoneLines(nic)) await this.#inside([line]).catch(() => {});
  }

  async #inside(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    await this.#run(['ip', '-n', this.#names.namespace, '-batch', '-'], text(lines));
  }

  /** Processes in it keep a namespace alive without its name; without links it reaches nothing. */
  async #removeNamespace(): Promise<void> {
    const { namespace, namespaceFile } = this.#names;
    if (await isNamespace(namespaceFile)) {
      const links = await insideLinks(this.#run, namespace);
      const ports = [...links].filter((link) => link.startsWith('tap'));
      await this.#inside(ports.map((link) => `link delete dev ${link}`));
      const pids = (await this.#run(['ip', 'netns', 'pids', namespace]))
        .split('\n')
        .filter(Boolean);
      if (pids.length > 0) {
        this.#options.logger.log('warn', 'processes are still in the removed network', { pids });
      }
    }
    await rm(namespaceFile, { force: true }).catch(() => {});
    await this.#run(['ip', 'netns', 'delete', namespace]).catch(() => {});
  }

  /** In the background and at most once a minute: a resolver that does not answer is not asked. */
  #checkResolvers(): void {
    const { outbound, clock, logger } = this.#options;
    const now = clock.elapsed();
    const isRecent =
      this.#resolversCheckedAt !== undefined && now - this.#resolversCheckedAt < resolverCheckMs;
    if (!outbound || isRecent) return;
    this.#resolversCheckedAt = now;
    this.#resolverCheck = this.#findResolvers().catch((error: unknown) => {
      logger.log('warn', 'the resolvers could not be checked', { error });
    });
  }

  async #findResolvers(): Promise<void> {
    const known = this.#options.resolvers ?? (await hostResolvers());
    const answering = await answeringResolvers(known, { run: this.#run, enter: this.enter() });
    if (answering.length < known.length) {
      this.#options.logger.log('warn', 'guests get no names from resolvers that do not answer', {
        silent: known.filter((address) => !answering.includes(address)),
      });
    }
    await this.#serially(async () => {
      this.#resolvers = answering;
      if (this.#isOpen) await this.#applyDnsmasq();
    });
  }
}

/** Waits for all, also when one fails, so that nothing runs on behind the caller's back. */
async function inParallel(tasks: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(tasks);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
