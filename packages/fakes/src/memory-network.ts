import type {
  Network,
  NetworkInterfaceId,
  NetworkPolicy,
  NetworkPort,
  NetworkRepair,
  Nic,
  PacketRule,
  PolicyChange,
  PolicyNic,
  SecurityGroupId,
  VpcId,
  VpcTopology,
} from '@bakehouse/domain';
import { type Flow, permits } from './memory-policy.ts';

export interface MemoryNetworkOptions {
  /** Whether a machine runs behind the port. Absent: every plugged NIC responds. */
  readonly isGuestUp?: (port: NetworkPort) => boolean;
}

/** `Network` that remembers what is plugged and what may pass. */
export class MemoryNetwork implements Network {
  readonly #options: MemoryNetworkOptions;
  readonly #nics = new Map<NetworkInterfaceId, Nic>();
  /** What no two NICs may have, with the one that has it. */
  readonly #holders = new Map<string, NetworkInterfaceId>();
  readonly #policyNics = new Map<NetworkInterfaceId, PolicyNic>();
  readonly #rulesOf = new Map<SecurityGroupId, readonly PacketRule[]>();
  readonly #vpcs = new Map<VpcId, VpcTopology>();
  #isOpen = false;

  constructor(options: MemoryNetworkOptions = {}) {
    this.#options = options;
  }

  async open(): Promise<void> {
    this.#isOpen = true;
  }

  async plug(nic: Nic): Promise<NetworkPort> {
    if (!this.#isOpen) throw new Error('the network is not open');
    for (const claim of claimsOf(nic)) this.#checkFree(claim, nic.nicId);
    this.#drop(nic.nicId);
    this.#nics.set(nic.nicId, nic);
    for (const claim of claimsOf(nic)) this.#holders.set(claim, nic.nicId);
    return portOf(nic.nicId);
  }

  async unplug(nicId: NetworkInterfaceId): Promise<void> {
    this.#drop(nicId);
  }

  async applyPolicy(policy: NetworkPolicy): Promise<void> {
    checkPublicAddresses(policy.nics);
    this.#closePolicy();
    for (const nic of policy.nics) this.#policyNics.set(nic.nicId, nic);
    for (const { groupId, rules } of policy.groups) this.#rulesOf.set(groupId, rules);
    for (const vpc of policy.vpcs) this.#vpcs.set(vpc.vpcId, vpc);
  }

  async changePolicy({ nics, groups, vpcs }: PolicyChange): Promise<void> {
    const changed = new Map(this.#policyNics);
    for (const [nicId, nic] of nics) setOrDelete(changed, nicId, nic);
    checkPublicAddresses([...changed.values()]);
    for (const [nicId, nic] of nics) setOrDelete(this.#policyNics, nicId, nic);
    for (const [groupId, rules] of groups) setOrDelete(this.#rulesOf, groupId, rules);
    for (const [vpcId, vpc] of vpcs) setOrDelete(this.#vpcs, vpcId, vpc);
  }

  /** Nothing of it can be lost. */
  async repair(): Promise<readonly NetworkRepair[]> {
    if (!this.#isOpen) throw new Error('the network is not open');
    return [];
  }

  async list(): Promise<readonly NetworkInterfaceId[]> {
    return [...this.#nics.keys()];
  }

  async isReachable(nicId: NetworkInterfaceId): Promise<boolean> {
    const isGuestUp = this.#options.isGuestUp ?? (() => true);
    return this.#nics.has(nicId) && isGuestUp(portOf(nicId));
  }

  async destroy(): Promise<void> {
    this.#nics.clear();
    this.#holders.clear();
    this.#closePolicy();
    this.#isOpen = false;
  }

  nic(nicId: NetworkInterfaceId): Nic | undefined {
    return this.#nics.get(nicId);
  }

  get policy(): NetworkPolicy {
    return {
      nics: [...this.#policyNics.values()],
      groups: [...this.#rulesOf].map(([groupId, rules]) => ({ groupId, rules })),
      vpcs: [...this.#vpcs.values()],
    };
  }

  groupsOf(nicId: NetworkInterfaceId): readonly SecurityGroupId[] {
    return this.#policyNics.get(nicId)?.groupIds ?? [];
  }

  /** Whether a new connection would pass and get its replies. */
  allows(flow: Flow): boolean {
    return permits(this.policy, [...this.#nics.values()], flow);
  }

  #closePolicy(): void {
    this.#policyNics.clear();
    this.#rulesOf.clear();
    this.#vpcs.clear();
  }

  #drop(nicId: NetworkInterfaceId): void {
    const nic = this.#nics.get(nicId);
    for (const claim of nic ? claimsOf(nic) : []) this.#holders.delete(claim);
    this.#nics.delete(nicId);
  }

  #checkFree(claim: string, nicId: NetworkInterfaceId): void {
    const holder = this.#holders.get(claim) ?? nicId;
    if (holder !== nicId) throw new Error(`${nicId} and ${holder} both have ${claim}`);
  }
}

function setOrDelete<Key, Value>(map: Map<Key, Value>, key: Key, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function checkPublicAddresses(nics: readonly PolicyNic[]): void {
  const holders = new Map<string, NetworkInterfaceId>();
  for (const { nicId, addresses } of nics) {
    for (const { publicIp } of addresses) {
      if (publicIp === undefined) continue;
      const holder = holders.get(publicIp);
      if (holder) throw new Error(`${nicId} and ${holder} both have ${publicIp}`);
      holders.set(publicIp, nicId);
    }
  }
}

/** A private address in its VPC, a MAC. */
function claimsOf({ vpcId, privateIp, macAddress }: Nic): readonly string[] {
  return [`${vpcId}/${privateIp}`, macAddress];
}

/** The port of a NIC, plugged or not. */
export function portOf(nicId: NetworkInterfaceId): NetworkPort {
  return `port of ${nicId}`;
}
