import type {
  Network,
  NetworkInterfaceId,
  NetworkPolicy,
  Nic,
  SecurityGroupId,
  TapDevice,
} from '@bakehouse/domain';
import { type Flow, permits } from './memory-policy.ts';

export interface MemoryNetworkOptions {
  /** Whether a machine runs behind the tap; without it every plugged NIC answers. */
  readonly isGuestUp?: (tap: TapDevice) => boolean;
}

/** `Network` that remembers what is plugged and what may pass. */
export class MemoryNetwork implements Network {
  readonly #options: MemoryNetworkOptions;
  readonly #nics = new Map<NetworkInterfaceId, Nic>();
  /** What no two NICs may have, with the one that has it. */
  readonly #holders = new Map<string, NetworkInterfaceId>();
  #policy: NetworkPolicy = { nics: [], groups: [] };
  #isOpen = false;

  constructor(options: MemoryNetworkOptions = {}) {
    this.#options = options;
  }

  async open(): Promise<void> {
    this.#isOpen = true;
  }

  async plug(nic: Nic): Promise<TapDevice> {
    if (!this.#isOpen) throw new Error('the network is not open');
    for (const claim of claimsOf(nic)) this.#checkFree(claim, nic.nicId);
    this.#drop(nic.nicId);
    this.#nics.set(nic.nicId, nic);
    for (const claim of claimsOf(nic)) this.#holders.set(claim, nic.nicId);
    return tapOf(nic.nicId);
  }

  async unplug(nicId: NetworkInterfaceId): Promise<void> {
    this.#drop(nicId);
  }

  async applyPolicy(policy: NetworkPolicy): Promise<void> {
    this.#policy = policy;
  }

  /** Nothing of it can be lost. */
  async mend(): Promise<void> {
    if (!this.#isOpen) throw new Error('the network is not open');
  }

  async list(): Promise<readonly NetworkInterfaceId[]> {
    return [...this.#nics.keys()];
  }

  async isReachable(nicId: NetworkInterfaceId): Promise<boolean> {
    const isGuestUp = this.#options.isGuestUp ?? (() => true);
    return this.#nics.has(nicId) && isGuestUp(tapOf(nicId));
  }

  enter(): readonly string[] {
    return [];
  }

  async destroy(): Promise<void> {
    this.#nics.clear();
    this.#holders.clear();
    this.#policy = { nics: [], groups: [] };
    this.#isOpen = false;
  }

  tapOf(nicId: NetworkInterfaceId): TapDevice {
    return tapOf(nicId);
  }

  nic(nicId: NetworkInterfaceId): Nic | undefined {
    return this.#nics.get(nicId);
  }

  get policy(): NetworkPolicy {
    return this.#policy;
  }

  groupsOf(nicId: NetworkInterfaceId): readonly SecurityGroupId[] {
    return this.#policy.nics.find((nic) => nic.nicId === nicId)?.groupIds ?? [];
  }

  /** Whether a new connection between these private or outside addresses would pass. */
  allows(flow: Flow): boolean {
    return permits(this.#policy, [...this.#nics.values()], flow);
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

/** A public address, a private address in its subnet, a MAC. */
function claimsOf({ publicIp, subnetId, privateIp, macAddress }: Nic): readonly string[] {
  return [...(publicIp ? [publicIp] : []), `${subnetId}/${privateIp}`, macAddress];
}

/** Interface names of Linux have 15 characters at most. */
export function tapOf(nicId: NetworkInterfaceId): TapDevice {
  return { name: `tap${nicId.slice(-12)}` };
}
