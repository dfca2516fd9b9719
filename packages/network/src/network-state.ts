import type {
  NetworkPolicy,
  PacketRule,
  PolicyChange,
  PolicyNic,
  VpcId,
  VpcTopology,
} from '@bakehouse/domain';
import { NetworkRangeError } from './network-errors.ts';

/** A policy by ids, which changes at the cost of what changes. */
export interface PolicyState {
  readonly nics: ReadonlyMap<string, PolicyNic>;
  readonly groups: ReadonlyMap<string, readonly PacketRule[]>;
  readonly vpcs: ReadonlyMap<VpcId, VpcTopology>;
}

export class MutablePolicy implements PolicyState {
  readonly nics = new Map<PolicyNic['nicId'], PolicyNic>();
  readonly groups = new Map<`sg-${string}`, readonly PacketRule[]>();
  readonly vpcs = new Map<VpcId, VpcTopology>();
  /** The NIC of each public address. */
  readonly #owners = new Map<string, string>();

  /** Puts the change in place and returns what undoes it. Throws NetworkRangeError, changing nothing, for an address of two. */
  apply(change: PolicyChange): PolicyChange {
    const undo: PolicyChange = {
      nics: swapped(this.nics, change.nics),
      groups: swapped(this.groups, change.groups),
      vpcs: swapped(this.vpcs, change.vpcs),
    };
    for (const nic of undo.nics.values()) this.#disown(nic);
    try {
      for (const nic of change.nics.values()) this.#own(nic);
    } catch (error) {
      for (const nic of change.nics.values()) this.#disown(nic);
      for (const [map, old] of [
        [this.nics, undo.nics],
        [this.groups, undo.groups],
        [this.vpcs, undo.vpcs],
      ] as const) {
        swapped(map as Map<unknown, unknown>, old);
      }
      for (const nic of undo.nics.values()) this.#own(nic);
      throw error;
    }
    return undo;
  }

  /** What turns this policy into another. */
  changeTo(policy: NetworkPolicy): PolicyChange {
    return {
      nics: difference(this.nics, new Map(policy.nics.map((nic) => [nic.nicId, nic]))),
      groups: difference(
        this.groups,
        new Map(policy.groups.map((each) => [each.groupId, each.rules])),
      ),
      vpcs: difference(this.vpcs, new Map(policy.vpcs.map((vpc) => [vpc.vpcId, vpc]))),
    };
  }

  #own(nic: PolicyNic | undefined): void {
    for (const { publicIp } of nic?.addresses ?? []) {
      if (publicIp === undefined || nic === undefined) continue;
      const owner = this.#owners.get(publicIp);
      if (owner !== undefined && owner !== nic.nicId) {
        throw new NetworkRangeError(`NIC ${nic.nicId}: ${owner} already has ${publicIp}`);
      }
      this.#owners.set(publicIp, nic.nicId);
    }
  }

  #disown(nic: PolicyNic | undefined): void {
    for (const { publicIp = '' } of nic?.addresses ?? []) {
      if (this.#owners.get(publicIp) === nic?.nicId) this.#owners.delete(publicIp);
    }
  }
}

/** Puts values in place (undefined: removes) and returns those of before. */
function swapped<Key, Value>(
  map: Map<Key, Value>,
  values: ReadonlyMap<Key, Value | undefined>,
): Map<Key, Value | undefined> {
  const before = new Map<Key, Value | undefined>();
  for (const [key, value] of values) {
    before.set(key, map.get(key));
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }
  return before;
}

function difference<Key, Value>(
  from: ReadonlyMap<Key, Value>,
  to: ReadonlyMap<Key, Value>,
): Map<Key, Value | undefined> {
  const changes = new Map<Key, Value | undefined>();
  for (const key of from.keys()) if (!to.has(key)) changes.set(key, undefined);
  for (const [key, value] of to) {
    if (JSON.stringify(from.get(key)) !== JSON.stringify(value)) changes.set(key, value);
  }
  return changes;
}
