import { rm } from 'node:fs/promises';
import { allEnded, type Clock, type Logger } from '@bakehouse/base';
import type { InstanceId, PolicyChange, VpcId } from '@bakehouse/domain';
import { readFolderIfExists } from '@bakehouse/host';
import { type Dnsmasq, dnsmasqIn } from './dnsmasq.ts';
import type { Look } from './looks.ts';
import { removeNamespace, vpcNamespaces } from './namespace.ts';
import { NetworkToolError } from './network-errors.ts';
import { enterNamespace, type NetworkNames, vpcNames } from './network-names.ts';
import type { PluggedNic } from './network-records.ts';
import type { VpcCommon } from './plan-vpc-chains.ts';
import type { DeviceCommand } from './plan-vpc-links.ts';
import { Router } from './router.ts';
import type { RunNetworkCommand } from './run-network-command.ts';
import { VpcNetwork } from './vpc-network.ts';
import type { WantedNetwork } from './wanted-network.ts';

/** The folder of a VPC's dnsmasq, among those of the release before. */
const isOfVpc = (entry: string): entry is VpcId => entry.startsWith('vpc-');

export interface VpcNetworksOptions {
  readonly names: NetworkNames;
  readonly directory: string;
  readonly common: VpcCommon;
  readonly wanted: WantedNetwork;
  readonly device: DeviceCommand;
  readonly resolvers: () => readonly string[];
  readonly machineUser?: (instanceId: InstanceId) => Promise<number | undefined>;
  readonly run: RunNetworkCommand;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a change of the policy touches, by VPC. */
export type DirtyVpcs = ReadonlyMap<VpcId, Dirt>;

interface Dirt {
  readonly nicIds: Set<string>;
  readonly groupIds: Set<string>;
  topology: boolean;
  /** False: the change is only an occasion to open a VPC that is closed. */
  readonly isNamed: boolean;
}

/** The VPCs that have a NIC on this host, with the router between them and the host. */
export class VpcNetworks {
  readonly router: Router;
  readonly #options: VpcNetworksOptions;
  readonly #vpcs = new Map<VpcId, VpcNetwork>();
  /** The users of machines, by instance. */
  readonly #users = new Map<string, number>();

  constructor(options: VpcNetworksOptions) {
    this.#options = options;
    this.router = new Router(options);
  }

  /** Makes everything that is wanted, and removes the namespaces of VPCs that have no NIC. */
  async open(): Promise<void> {
    const { wanted } = this.#options;
    await this.router.make();
    const byVpc = Map.groupBy(wanted.nics.values(), ({ vpcId }) => vpcId);
    for (const vpcId of wanted.vpcNumbers.keys()) {
      if (!byVpc.has(vpcId)) await this.#removeVpc(vpcId);
    }
    for (const [vpcId, nics] of byVpc) {
      for (const nic of nics) await this.#learnUser(nic);
      this.#vpcs.set(vpcId, this.#vpcs.get(vpcId) ?? (await this.#vpcOf(vpcId, nics)));
    }
    for (const vpc of this.#vpcs.values()) await vpc.open();
    await this.router.removeStrays();
    await this.#endEarlierDnsmasq();
  }

  async plug(nics: readonly PluggedNic[]): Promise<void> {
    await allEnded(nics.map((nic) => this.#learnUser(nic)));
    const byVpc = Map.groupBy(nics, ({ vpcId }) => vpcId);
    await allEnded([...byVpc].map(([vpcId, own]) => this.#plug(vpcId, own)));
  }

  async #plug(vpcId: VpcId, nics: readonly PluggedNic[]): Promise<void> {
    const known = this.#vpcs.get(vpcId);
    if (known) return await known.setNics(new Map(nics.map((nic) => [nic.nicId, nic])));
    const vpc = await this.#vpcOf(vpcId, nics);
    await vpc.open();
    if (vpc.isClosed)
      throw new NetworkToolError(`nft refuses the policy of ${vpcId}; the log has its words`);
    this.#vpcs.set(vpcId, vpc);
  }

  /** Also removes a VPC that has no other NIC. Repeatable, also for a NIC whose `plug` was rejected. */
  async unplug(nics: readonly PluggedNic[]): Promise<void> {
    const byVpc = Map.groupBy(nics, ({ vpcId }) => vpcId);
    await allEnded([...byVpc].map(([vpcId, own]) => this.#unplug(vpcId, own)));
  }

  async #unplug(vpcId: VpcId, nics: readonly PluggedNic[]): Promise<void> {
    const vpc = this.#vpcs.get(vpcId);
    const gone = new Map(nics.map(({ nicId }) => [nicId as string, undefined]));
    const others = [...(vpc?.nics.values() ?? [])].filter(({ nicId }) => !gone.has(nicId));
    if (vpc && others.length > 0) await vpc.setNics(gone);
    else await this.#removeVpc(vpcId);
    const staying = new Set(others.map(({ instanceId }) => instanceId));
    for (const { instanceId } of nics)
      if (instanceId && !staying.has(instanceId)) this.#users.delete(instanceId);
  }

  /** What a change, and its undoing, touch of the VPCs that are here. */
  dirtiedBy(change: PolicyChange): DirtyVpcs {
    const { wanted } = this.#options;
    const dirty = new Map<VpcId, Dirt>();
    const dirtOf = (vpcId: VpcId, isNamed = true) => {
      const nothing = { nicIds: new Set<string>(), groupIds: new Set<string>(), topology: false };
      const dirt = dirty.get(vpcId) ?? { ...nothing, isNamed };
      dirty.set(vpcId, dirt);
      return dirt;
    };
    for (const nicId of change.nics.keys()) {
      const nic = wanted.nics.get(nicId);
      if (nic && this.#vpcs.has(nic.vpcId)) dirtOf(nic.vpcId).nicIds.add(nicId);
    }
    for (const [vpcId, vpc] of this.#vpcs) {
      const groupIds = [...change.groups.keys()].filter((groupId) => vpc.usesGroup(groupId));
      for (const groupId of groupIds) dirtOf(vpcId).groupIds.add(groupId);
      if (change.vpcs.has(vpcId)) dirtOf(vpcId).topology = true;
      if (vpc.isClosed) dirtOf(vpcId, false).topology = true;
    }
    return dirty;
  }

  /** All NICs whose public addresses a change may concern. */
  nicsOf(dirty: DirtyVpcs): readonly string[] {
    return [...dirty].flatMap(([vpcId, { nicIds, topology }]) =>
      topology ? [...(this.#vpcs.get(vpcId)?.nics.keys() ?? [])] : [...nicIds],
    );
  }

  /** Rejects for VPCs that the change names. */
  async change(dirty: DirtyVpcs): Promise<void> {
    await allEnded([...dirty].map(([vpcId, dirt]) => this.#change(vpcId, dirt)));
  }

  async applyDnsmasq(): Promise<void> {
    await allEnded([...this.#vpcs.values()].map((vpc) => vpc.applyDnsmasq()));
  }

  /** One for each VPC that is here now. When it is gone, nothing of it is lost. */
  get looks(): readonly Look[] {
    return [...this.#vpcs].map(([vpcId, vpc]) => async () => {
      const isHere = this.#vpcs.get(vpcId) === vpc;
      return isHere ? await vpc.planRepairs() : [];
    });
  }

  /** Removes the VPCs that have a record, and whatever else has their names. */
  async destroy(): Promise<void> {
    const { wanted } = this.#options;
    const vpcIds = new Set([
      ...wanted.vpcNumbers.keys(),
      ...[...wanted.nics.values()].map(({ vpcId }) => vpcId),
    ]);
    for (const vpcId of vpcIds) await this.#removeVpc(vpcId);
    const { names, run, logger, clock } = this.#options;
    const served = (await readFolderIfExists(names.runtimeDirectory)).filter(isOfVpc);
    for (const vpcId of served) {
      const place = vpcNames(names, vpcId);
      const enter = enterNamespace(place.namespace);
      await dnsmasqIn(place, { run, clock, enter }).remove();
    }
    for (const namespace of await vpcNamespaces(names, run)) {
      await removeNamespace(namespace, { run, logger });
    }
    await this.#earlierDnsmasq().remove();
  }

  /** The release before had one for all guests, in the namespace that is the router now. */
  #earlierDnsmasq(): Dnsmasq {
    const { names, run, clock } = this.#options;
    return dnsmasqIn(names, { run, clock, enter: enterNamespace(names.namespace) });
  }

  async #endEarlierDnsmasq(): Promise<void> {
    await this.#earlierDnsmasq().end();
    const { runtimeDirectory } = this.#options.names;
    for (const entry of await readFolderIfExists(runtimeDirectory)) {
      if (!isOfVpc(entry)) await rm(`${runtimeDirectory}/${entry}`, { force: true });
    }
  }

  async #vpcOf(vpcId: VpcId, nics: Iterable<PluggedNic>): Promise<VpcNetwork> {
    const { wanted, device } = this.#options;
    const userOf = ({ instanceId }: PluggedNic) => this.#users.get(instanceId ?? '');
    return new VpcNetwork(
      {
        ...this.#options,
        vpcId,
        number: await wanted.vpcNumber(vpcId),
        router: this.router,
        policy: () => wanted.policy,
        commands: { device, userOf },
      },
      nics,
    );
  }

  async #change(vpcId: VpcId, dirt: Dirt): Promise<void> {
    try {
      await this.#vpcs.get(vpcId)?.change(dirt);
    } catch (error) {
      if (dirt.isNamed) throw error;
      // It must not keep the other VPCs from changing.
      this.#options.logger.log(
        'error',
        'cannot apply a network policy that was refused before; the next repair tries again',
        { vpcId, error },
      );
    }
  }

  async #learnUser({ instanceId }: PluggedNic): Promise<void> {
    if (instanceId === undefined) return;
    const user = await this.#options.machineUser?.(instanceId);
    if (user !== undefined) this.#users.set(instanceId, user);
  }

  async #removeVpc(vpcId: VpcId): Promise<void> {
    const vpc = this.#vpcs.get(vpcId) ?? (await this.#vpcOf(vpcId, []));
    await vpc.remove();
    this.#vpcs.delete(vpcId);
    await this.#options.wanted.removeVpc(vpcId);
  }
}
