import { allEnded, type Clock, invariant, type Logger } from '@bakehouse/base';
import {
  type InstanceId,
  type Network,
  type NetworkInterfaceId,
  type NetworkPolicy,
  type NetworkPort,
  type NetworkRepair,
  type Nic,
  type PolicyChange,
  PolicyRefusedError,
} from '@bakehouse/domain';
import { jailUserIds, type UserRange } from '@bakehouse/host';
import { planAddressing } from './addressing.ts';
import { changeParts, makeEach } from './change-parts.ts';
import { checkHost } from './check-host.ts';
import { CommandShells } from './command-shells.ts';
import { Edge, type EdgeOptions, runInEdge } from './edge/edge.ts';
import { pastaLink } from './edge/pasta.ts';
import { wantedDoors } from './edge/plan-doors.ts';
import { firewallWatch } from './firewall-watch.ts';
import { type GuestResolvers, guestResolvers } from './guest-resolvers.ts';
import { hostForwarding } from './host-forwarding.ts';
import { findNetworkLeftovers, type NetworkLeftover } from './leftovers.ts';
import { lookAtAll, type PlannedRepair, seemLost } from './looks.ts';
import { refuseCollision, refuseOtherPlatform, removeNamespace } from './namespace.ts';
import {
  enterNamespace,
  guestAddress,
  type NetworkNames,
  networkNames,
  tapName,
  vpcNames,
} from './network-names.ts';
import { type NetworkRecords, networkRecords } from './network-records.ts';
import { hostItself, type Outside } from './outside.ts';
import type { VpcCommon } from './plan-vpc-chains.ts';
import { type DeviceCommand, tapCommand } from './plan-vpc-links.ts';
import { PublicSide } from './public-side.ts';
import { answersArp } from './reachability.ts';
import type { RunNetworkCommand } from './run-network-command.ts';
import { Turns } from './turns.ts';
import { VpcNetworks } from './vpc-networks.ts';
import { WantedNetwork } from './wanted-network.ts';

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
  /** The user of a machine, who may use its own ports. Absent: machines connect with the rights of root. */
  readonly machineUser?: (instanceId: InstanceId) => Promise<number>;
  /** All that `machineUser` may return, also for machines that run already. Absent: those of root's jails. */
  readonly machineIds?: UserRange;
  /** Where guests' names are resolved when outbound is on. Absent: the host's own resolvers. */
  readonly resolvers?: readonly string[];
  /** The host's interfaces that lead out. Absent: those of its default routes. */
  readonly uplinks?: readonly string[];
  /** For a platform that may not change the host's network: a namespace is in the host's place. Absent: the host itself. */
  readonly edge?: EdgeOptions;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** What tests replace. */
export interface LinuxNetworkSeams {
  readonly device?: DeviceCommand;
  readonly run?: RunNetworkCommand;
}

/** The network: a router, a namespace per VPC with a routed port per NIC. See this package's README. */
export class LinuxNetwork implements Network {
  readonly #options: LinuxNetworkOptions;
  readonly #names: NetworkNames;
  readonly #common: VpcCommon;
  readonly #runOnHost: RunNetworkCommand;
  /** Where the platform's link begins. */
  readonly #run: RunNetworkCommand;
  readonly #records: NetworkRecords;
  readonly #wanted: WantedNetwork;
  readonly #vpcs: VpcNetworks;
  readonly #public: PublicSide;
  readonly #resolvers: GuestResolvers;
  readonly #outside: Outside;
  /** Those that this object runs its commands in. */
  readonly #shells = new CommandShells();
  readonly #turns = new Turns();
  readonly #plug = this.#turns.together((nics: readonly Nic[]) => this.#plugAll(nics));
  readonly #unplug = this.#turns.together((nicIds: readonly NetworkInterfaceId[]) =>
    this.#unplugAll(nicIds),
  );
  #isOpen = false;

  constructor(options: LinuxNetworkOptions, seams: LinuxNetworkSeams = {}) {
    const { clock, logger, resolvers, outbound, machineUser, machineIds = jailUserIds } = options;
    const { run: runOnHost = this.#shells.run, device = tapCommand } = seams;
    const run = options.edge ? runInEdge(options.name, runOnHost) : runOnHost;
    this.#options = options;
    this.#runOnHost = runOnHost;
    this.#run = run;
    this.#names = networkNames(options.name, options.directory);
    const addressing = planAddressing(options.publicCidr, options.transitCidr);
    this.#common = { addressing, outbound, machineIds };
    this.#records = networkRecords(this.#names);
    this.#wanted = new WantedNetwork(this.#records, logger);
    const shared = { names: this.#names, common: this.#common, wanted: this.#wanted, run };
    this.#public = new PublicSide({ ...shared, ...(options.edge && { pastaLink }) });
    this.#vpcs = new VpcNetworks({
      ...shared,
      directory: options.directory,
      device,
      resolvers: () => this.#resolvers.answering,
      ...(machineUser && { machineUser }),
      clock,
      logger,
    });
    this.#outside = outsideOf(options, this.#names, runOnHost);
    this.#resolvers = guestResolvers({
      ...(resolvers && { resolvers }),
      run,
      enter: this.enter(),
      clock,
      logger,
      onChecked: () =>
        this.#turns.alone(async () => {
          if (this.#isOpen) await this.#vpcs.applyDnsmasq();
        }),
    });
  }

  open(): Promise<void> {
    return this.#turns.alone(async () => {
      await checkHost();
      if (this.#options.edge)
        await refuseOtherPlatform(this.#names, this.#common.addressing, this.#runOnHost);
      await this.#outside.make();
      await refuseCollision(this.#names, this.#common.addressing, this.#run);
      await this.#wanted.load();
      await this.#makeAll();
      this.#isOpen = true;
      await this.#checkOutbound();
    });
  }

  /** NICs that wait together are plugged in one change of each VPC, and likewise unplugged. */
  plug(nic: Nic): Promise<NetworkPort> {
    return this.#plug(nic);
  }

  async unplug(nicId: NetworkInterfaceId): Promise<void> {
    await this.#unplug(nicId);
  }

  applyPolicy(policy: NetworkPolicy): Promise<void> {
    return this.#turns.alone(() => this.#enforce(this.#wanted.changeTo(policy)));
  }

  changePolicy(change: PolicyChange): Promise<void> {
    return this.#turns.alone(() => this.#enforce(change));
  }

  /** Looks beside other calls, as a look takes longer the more there is. Only what seems lost keeps others waiting. */
  async repair(): Promise<readonly NetworkRepair[]> {
    this.#mustBeOpen();
    const link = await seemLost([() => this.#lookAtLink()]);
    const others = await seemLost([this.#public.look, ...this.#vpcs.looks]);
    return await this.#turns.alone(async () => {
      this.#mustBeOpen();
      const lostLink = await lookAtAll(link);
      // Without the link, nothing else can be seen; and all is made again with it.
      const planned = lostLink.length > 0 ? lostLink : await lookAtAll(others);
      for (const { repair } of planned) {
        this.#options.logger.log('warn', 'repairing the network', { ...repair });
      }
      await allEnded(planned.map((each) => each.perform()));
      // Brings the files of a dnsmasq that runs in line, too.
      await this.#vpcs.applyDnsmasq();
      await this.#closeHost();
      await this.#openDoors();
      await this.#checkOutbound();
      await this.#wanted.keep();
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
    const { namespace } = vpcNames(this.#names, nic.vpcId);
    return answersArp(nic, { run: this.#run, clock, namespace }).catch((error: unknown) => {
      // It may have been unplugged meanwhile.
      if (!this.#wanted.nics.has(nicId)) return false;
      throw error;
    });
  }

  /**
   * The argv prefix that runs a program inside the network, and becomes that program by exec: beside a port, or where
   * metadata is served.
   */
  enter(port?: NetworkPort): readonly string[] {
    const [namespace = ''] = port?.split('/') ?? [this.#names.namespace];
    return enterNamespace(namespace);
  }

  /** The address by which the metadata agent knows the guest of a plugged NIC. */
  guestAddress(nicId: string): string | undefined {
    const nic = this.#wanted.nics.get(nicId);
    return nic && guestAddress(nic.guestNumber);
  }

  async destroy(): Promise<void> {
    // Outside of the queue: a check of the resolvers ends with a turn in it.
    await this.#resolvers.settled();
    return this.#turns.alone(async () => {
      await checkHost();
      await this.#outside.make();
      await this.#outside.restore();
      if (!this.#isOpen) await this.#wanted.load();
      await this.#vpcs.destroy();
      await this.#run(['ip', 'link', 'delete', this.#names.hostLink]).catch(() => {});
      await removeNamespace(this.#names, { run: this.#run, logger: this.#options.logger });
      await this.#public.remove();
      await this.#outside.remove();
      await this.#wanted.clear();
      this.#shells.end();
      this.#isOpen = false;
    });
  }

  /** What exists on this host without a record, for `doctor`. Changes nothing. */
  leftovers(): Promise<readonly NetworkLeftover[]> {
    return this.#turns.alone(async () => {
      const { nics } = await this.#records.load();
      if (!(await this.#outside.isWhole())) return [];
      const { clock } = this.#options;
      return findNetworkLeftovers({
        names: this.#names,
        run: this.#run,
        clock,
        nics: [...nics.values()],
      });
    });
  }

  /** Resolves when the last check of the resolvers has taken effect. */
  settled(): Promise<void> {
    return this.#resolvers.settled();
  }

  /** What cannot be planned of a VPC, or what nft refuses, changes nothing there, and keeps no other VPC from changing. */
  async #enforce(change: PolicyChange): Promise<void> {
    this.#mustBeOpen();
    try {
      await this.#enforceWhole(change);
    } catch (error) {
      const parts = changeParts(change, this.#wanted);
      if (parts.size > 1) return await makeEach(parts, (part) => this.#enforceWhole(part));
      const [vpcId] = parts.keys();
      throw vpcId === undefined ? error : new PolicyRefusedError(new Map([[vpcId, error]]));
    } finally {
      // In force before it is recorded.
      await this.#wanted.keep();
    }
  }

  async #enforceWhole(change: PolicyChange): Promise<void> {
    this.#wanted.check(change, this.#common.addressing);
    const undo = this.#wanted.changePolicy(change);
    const dirty = this.#vpcs.dirtiedBy(change);
    const enforce = async () => {
      await allEnded([this.#vpcs.change(dirty), this.#public.change(this.#vpcs.nicsOf(dirty))]);
      await this.#openDoors();
    };
    try {
      // A public address leads to a VPC before it is translated there: until then nothing passes.
      await enforce();
    } catch (error) {
      this.#wanted.changePolicy(undo);
      await enforce().catch(() => {});
      throw error;
    }
    this.#wanted.note(change);
  }

  #mustBeOpen(): void {
    invariant(this.#isOpen, 'the network is opened before it is used');
  }

  /** Makes everything that is wanted, whatever exists. What is right already is not touched. */
  async #makeAll(): Promise<void> {
    // The host's filters come first: nothing may pass before they exist, and guests may run already.
    await this.#public.replace(await this.#outside.closedAddresses());
    await this.#vpcs.open();
    await this.#closeHost();
    await (this.#options.outbound ? this.#outside.enable() : this.#outside.restore());
    await this.#openDoors();
  }

  async #closeHost(): Promise<void> {
    await this.#public.close(await this.#outside.closedAddresses());
  }

  /** What the groups allow, for programs on the host. */
  #openDoors(): Promise<void> {
    const { nics, policy } = this.#wanted;
    return this.#outside.open((firstPort) => wantedDoors(nics.values(), policy, firstPort));
  }

  async #lookAtLink(): Promise<readonly PlannedRepair[]> {
    if ((await this.#outside.isWhole()) && (await this.#vpcs.router.isWhole())) return [];
    const repair = { part: 'link', name: this.#names.hostLink, how: 'recreated' } as const;
    return [{ repair, perform: () => this.#remakeLink() }];
  }

  /** Whatever of the link is lost, all of it is made again. Guests do not notice. */
  async #remakeLink(): Promise<void> {
    await this.#outside.make();
    await this.#run(['ip', 'link', 'delete', this.#names.hostLink]).catch(() => {});
    await this.#makeAll();
  }

  async #checkOutbound(): Promise<void> {
    if (this.#options.outbound) this.#resolvers.check();
    await this.#outside.watch();
  }

  /** When it resolves, a machine may open the ports: each is filtered, by its policy or closed. */
  async #plugAll(nics: readonly Nic[]): Promise<readonly NetworkPort[]> {
    this.#mustBeOpen();
    const isOneTwice = new Set(nics.map(({ nicId }) => nicId)).size < nics.length;
    if (isOneTwice) return await this.#plugInTurn(nics);
    const moved = nics.filter(({ nicId, privateIp, vpcId }) => {
      const before = this.#wanted.nics.get(nicId);
      return before && (before.privateIp !== privateIp || before.vpcId !== vpcId);
    });
    await this.#unplugAll(moved.map(({ nicId }) => nicId));
    const plugged = await allEnded(nics.map((nic) => this.#wanted.add(nic)));
    const nicIds = nics.map(({ nicId }) => nicId);
    await allEnded([this.#vpcs.plug(plugged), this.#public.change(nicIds)]);
    await this.#openDoors();
    if (this.#options.outbound) this.#resolvers.check();
    return nics.map(
      ({ vpcId, nicId }) => `${vpcNames(this.#names, vpcId).namespace}/${tapName(nicId)}`,
    );
  }

  /** For a NIC that is among them twice, the last call decides. */
  async #plugInTurn(nics: readonly Nic[]): Promise<readonly NetworkPort[]> {
    const ports: NetworkPort[] = [];
    for (const nic of nics) ports.push(...(await this.#plugAll([nic])));
    return ports;
  }

  async #unplugAll(nicIds: readonly NetworkInterfaceId[]): Promise<readonly undefined[]> {
    this.#mustBeOpen();
    const nics = [...new Set(nicIds)].flatMap((nicId) => this.#wanted.nics.get(nicId) ?? []);
    try {
      await allEnded(nics.map((nic) => this.#wanted.remove(nic)));
      await allEnded([this.#vpcs.unplug(nics), this.#public.change(nicIds)]);
      await this.#openDoors();
    } catch (error) {
      // For the next try. Where the record cannot be written, the next `open` removes what is left.
      await allEnded(nics.map((nic) => this.#wanted.putBack(nic))).catch(() => {});
      throw error;
    }
    return nicIds.map(() => undefined);
  }
}

function outsideOf(
  options: LinuxNetworkOptions,
  names: NetworkNames,
  run: RunNetworkCommand,
): Outside {
  const { name, edge, uplinks, outbound, clock, logger } = options;
  if (edge) return new Edge({ ...edge, name, run, clock, logger });
  const forwarding = hostForwarding(names, { run, logger, ...(uplinks && { uplinks }) });
  const watch = outbound
    ? firewallWatch(names.hostLink, { run, clock, logger })
    : () => Promise.resolve();
  return hostItself(forwarding, { watch });
}
