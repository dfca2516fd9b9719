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
    for (const other of this.#nics.values()) this.#checkApart(nic, other);
    this.#nics.set(nic.nicId, nic);
    return tapOf(nic.nicId);
  }

  async unplug(nicId: NetworkInterfaceId): Promise<void> {
    this.#nics.delete(nicId);
  }

  async applyPolicy(policy: NetworkPolicy): Promise<void> {
    this.#policy = policy;
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

  #checkApart(nic: Nic, other: Nic): void {
    if (nic.nicId === other.nicId) return;
    const clash =
      (nic.publicIp !== undefined && nic.publicIp === other.publicIp && nic.publicIp) ||
      (nic.subnetId === other.subnetId && nic.privateIp === other.privateIp && nic.privateIp) ||
      (nic.macAddress === other.macAddress && nic.macAddress);
    if (clash) throw new Error(`${nic.nicId} and ${other.nicId} both have ${clash}`);
  }
}

/** Interface names of Linux have 15 characters at most. */
export function tapOf(nicId: NetworkInterfaceId): TapDevice {
  return { name: `tap${nicId.slice(-12)}` };
}
