import { allEnded, type Logger } from '@bakehouse/base';
import type { NetworkPolicy, Nic, PolicyChange, PolicyNic, VpcId } from '@bakehouse/domain';
import type { Addressing } from './addressing.ts';
import { checkClaims, checkNic, checkPolicyNic, checkVpc, claimsOf } from './check-nic.ts';
import { NetworkRangeError } from './network-errors.ts';
import { linkNumberMax } from './network-names.ts';
import type { NetworkRecords, PluggedNic } from './network-records.ts';
import { MutablePolicy, type PolicyState } from './network-state.ts';
import { groupPart } from './plan-policy.ts';
import { subnetRoutes } from './plan-routes.ts';
import { subnetPart } from './plan-vpc-table.ts';

/** A policy may have thousands of parts. */
const openFilesMax = 32;

/** What the network was asked for: in memory for this process, on disk for the next one. */
export class WantedNetwork {
  readonly #records: NetworkRecords;
  readonly #logger: Logger;
  #nics = new Map<string, PluggedNic>();
  /** What no two NICs may have, with the one that has it. */
  #claims = new Map<string, string>();
  #vpcNumbers = new Map<VpcId, number>();
  #policy = new MutablePolicy();
  /** Guests of each number; a number is not given again at once, as something may still be published for it. */
  #guests = new Map<string, number>();
  #lastGuest = 0;
  /** Files of the policy that could not be written, by name: they have what was in force before. */
  readonly #unwritten = new Map<string, () => Promise<void>>();

  constructor(records: NetworkRecords, logger: Logger) {
    this.#records = records;
    this.#logger = logger;
  }

  get nics(): ReadonlyMap<string, PluggedNic> {
    return this.#nics;
  }

  get policy(): PolicyState {
    return this.#policy;
  }

  get vpcNumbers(): ReadonlyMap<VpcId, number> {
    return this.#vpcNumbers;
  }

  /** Reads what an earlier process was asked for. */
  async load(): Promise<void> {
    await this.#records.prepare();
    const recorded = await this.#records.load();
    this.#forget();
    this.#vpcNumbers = recorded.vpcNumbers;
    for (const nic of recorded.nics.values()) {
      try {
        this.#admit(nic);
      } catch (error) {
        this.#logger.log('warn', 'cannot plug a recorded NIC', { nicId: nic.nicId, error });
      }
    }
    this.changePolicy(this.changeTo({ ...recorded.policy, nics: [] }));
    for (const nic of recorded.policy.nics) await this.#restorePolicy(nic);
  }

  /** Records a NIC, numbered. Throws when it is malformed or uses what another has. */
  async add(nic: Nic): Promise<PluggedNic> {
    const before = this.#nics.get(nic.nicId);
    const guestNumber = before?.guestNumber ?? this.#guestNumber(nic);
    const plugged = { ...nic, guestNumber };
    await this.putBack(plugged);
    return plugged;
  }

  /** Undoes `remove`. Rejected: in memory it is undone. */
  async putBack(nic: PluggedNic): Promise<void> {
    this.#admit(nic);
    await this.#records.saveNic(nic);
  }

  async remove(nic: PluggedNic): Promise<void> {
    await this.#records.removeNic(nic.nicId);
    this.#drop(nic);
  }

  /** The number of a VPC's link; it is kept until `removeVpc`. */
  async vpcNumber(vpcId: VpcId): Promise<number> {
    const known = this.#vpcNumbers.get(vpcId);
    if (known !== undefined) return known;
    const number = freeNumber(new Set(this.#vpcNumbers.values()), 0);
    // Taken before it is recorded, as VPCs are made side by side.
    this.#vpcNumbers.set(vpcId, number);
    try {
      await this.#records.saveVpcNumber(vpcId, number);
    } catch (error) {
      this.#vpcNumbers.delete(vpcId);
      throw error;
    }
    return number;
  }

  async removeVpc(vpcId: VpcId): Promise<void> {
    await this.#records.removeVpcNumber(vpcId);
    this.#vpcNumbers.delete(vpcId);
  }

  changeTo(policy: NetworkPolicy): PolicyChange {
    return this.#policy.changeTo(policy);
  }

  /** Throws for a change whose parts cannot become text for nft and ip. */
  check({ nics, groups, vpcs }: PolicyChange, addressing: Addressing): void {
    for (const nic of nics.values()) if (nic) checkPolicyNic(nic, addressing);
    for (const [groupId, rules] of groups) groupPart(groupId, rules ?? [], addressing.hostAddress);
    for (const vpc of vpcs.values()) {
      if (vpc === undefined) continue;
      checkVpc(vpc, addressing);
      for (const subnet of vpc.subnets) {
        subnetPart(subnet);
        subnetRoutes(vpc, subnet, () => undefined);
      }
    }
  }

  /** In memory only. Returns what undoes it. */
  changePolicy(change: PolicyChange): PolicyChange {
    return this.#policy.apply(change);
  }

  /** A change of the policy that is in force, for `keep`. */
  note({ nics, groups, vpcs }: PolicyChange): void {
    for (const [groupId, rules] of groups) {
      const group = rules && { groupId, rules };
      this.#unwritten.set(groupId, () => this.#records.savePolicyGroup(groupId, group));
    }
    for (const [id, vpc] of vpcs)
      this.#unwritten.set(id, () => this.#records.savePolicyVpc(id, vpc));
    for (const [id, nic] of nics)
      this.#unwritten.set(id, () => this.#records.savePolicyNic(id, nic));
  }

  /** Records what was noted. What cannot be written is tried again at the next call. */
  async keep(): Promise<void> {
    const saves = [...this.#unwritten];
    const written: Promise<void>[] = [];
    for (let at = 0; at < saves.length; at += openFilesMax) {
      const some = saves.slice(at, at + openFilesMax).map(async ([name, save]) => {
        await save();
        this.#unwritten.delete(name);
      });
      await Promise.allSettled(some);
      written.push(...some);
    }
    await allEnded(written);
  }

  async clear(): Promise<void> {
    await this.#records.clear();
    this.#forget();
  }

  /**
   * A change has a file for each thing, so a kill among them can leave a public address with two NICs.
   * The second then has no policy until the control plane applies its own.
   */
  async #restorePolicy(nic: PolicyNic): Promise<void> {
    try {
      this.changePolicy({ nics: new Map([[nic.nicId, nic]]), groups: new Map(), vpcs: new Map() });
    } catch (error) {
      this.#logger.log('warn', 'cannot apply the recorded policy of a NIC', {
        nicId: nic.nicId,
        error,
      });
      await this.#records.savePolicyNic(nic.nicId, undefined);
    }
  }

  #forget(): void {
    this.#nics = new Map();
    this.#claims = new Map();
    this.#vpcNumbers = new Map();
    this.#policy = new MutablePolicy();
    this.#guests = new Map();
    this.#unwritten.clear();
  }

  #admit(nic: PluggedNic): void {
    checkNic(nic);
    checkClaims(nic, this.#claims);
    const before = this.#nics.get(nic.nicId);
    if (before) this.#drop(before);
    for (const claim of claimsOf(nic)) this.#claims.set(claim, nic.nicId);
    this.#nics.set(nic.nicId, nic);
    this.#guests.set(guestOf(nic), nic.guestNumber);
    this.#lastGuest = Math.max(this.#lastGuest, nic.guestNumber);
  }

  #drop(nic: PluggedNic): void {
    this.#nics.delete(nic.nicId);
    for (const claim of claimsOf(nic)) this.#claims.delete(claim);
    const guest = guestOf(nic);
    const isLast = ![...this.#nics.values()].some((other) => guestOf(other) === guest);
    if (isLast) this.#guests.delete(guest);
  }

  #guestNumber(nic: Nic): number {
    const known = this.#guests.get(guestOf(nic));
    if (known !== undefined) return known;
    const number = freeNumber(new Set(this.#guests.values()), this.#lastGuest);
    this.#lastGuest = number;
    return number;
  }
}

function guestOf({ nicId, instanceId }: Nic): string {
  return instanceId ?? nicId;
}

/** The next free one after the last that was given, around the end. */
function freeNumber(taken: ReadonlySet<number>, last: number): number {
  for (let step = 1; step <= linkNumberMax; step++) {
    const number = ((last + step - 1) % linkNumberMax) + 1;
    if (!taken.has(number)) return number;
  }
  throw new NetworkRangeError(
    `this host has ${linkNumberMax} guests or VPCs, as many as its network can have; terminate instances first`,
  );
}
