import type {
  Network,
  NetworkInterfaceId,
  NetworkPolicy,
  NetworkPort,
  NetworkRepair,
  Nic,
  PacketRule,
  PolicyChange,
  SecurityGroupId,
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
  readonly #groupsOf = new Map<NetworkInterfaceId, readonly SecurityGroupId[]>();
  readonly #rulesOf = new Map<SecurityGroupId, readonly PacketRule[]>();
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
    this.#closePolicy();
    for (const { nicId, groupIds } of policy.nics) this.#groupsOf.set(nicId, groupIds);
    for (const { groupId, rules } of policy.groups) this.#rulesOf.set(groupId, rules);
  }

  async changePolicy({ nics, groups }: PolicyChange): Promise<void> {
    for (const [nicId, groupIds] of nics) setOrDelete(this.#groupsOf, nicId, groupIds);
    for (const [groupId, rules] of groups) setOrDelete(this.#rulesOf, groupId, rules);
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
      nics: [...this.#groupsOf].map(([nicId, groupIds]) => ({ nicId, groupIds })),
      groups: [...this.#rulesOf].map(([groupId, rules]) => ({ groupId, rules })),
    };
  }

  groupsOf(nicId: NetworkInterfaceId): readonly SecurityGroupId[] {
    return this.#groupsOf.get(nicId) ?? [];
  }

  /** Whether a new connection between these private or outside addresses would pass. */
  allows(flow: Flow): boolean {
    return permits(this.policy, [...this.#nics.values()], flow);
  }

  #closePolicy(): void {
    this.#groupsOf.clear();
    this.#rulesOf.clear();
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

/** A public address, a private address in its subnet, a MAC. */
function claimsOf({ publicIp, subnetId, privateIp, macAddress }: Nic): readonly string[] {
  return [...(publicIp ? [publicIp] : []), `${subnetId}/${privateIp}`, macAddress];
}

/** The port of a NIC, plugged or not. */
export function portOf(nicId: NetworkInterfaceId): NetworkPort {
  return `port of ${nicId}`;
}
