import {
  type NetworkInterfaceId,
  type PolicyChange,
  PolicyRefusedError,
  type VpcId,
} from '@bakehouse/domain';
import type { PluggedNic } from './network-records.ts';
import type { PolicyState } from './network-state.ts';

interface ChangedNetwork {
  readonly nics: ReadonlyMap<string, PluggedNic>;
  readonly policy: PolicyState;
}

type Mutable<Values> = Values extends ReadonlyMap<infer Key, infer Value> ? Map<Key, Value> : never;
type Part = { readonly [Kind in keyof PolicyChange]: Mutable<PolicyChange[Kind]> };

/** By VPC; undefined for groups that no NIC is in, and for NICs that nothing is known of. */
type ChangeParts = ReadonlyMap<VpcId | undefined, PolicyChange>;

/** A change of several VPCs as one for each, and one for the rest. */
export function changeParts(change: PolicyChange, { nics, policy }: ChangedNetwork): ChangeParts {
  const vpcOf = (id: NetworkInterfaceId) =>
    (change.nics.get(id) ?? nics.get(id) ?? policy.nics.get(id))?.vpcId;
  const vpcOfGroup = new Map<string, VpcId>();
  for (const nic of [...policy.nics.values(), ...change.nics.values()]) {
    for (const groupId of nic?.groupIds ?? []) if (nic) vpcOfGroup.set(groupId, nic.vpcId);
  }
  const parts = new Map<VpcId | undefined, Part>();
  const partOf = (vpcId: VpcId | undefined) => {
    const part: Part = parts.get(vpcId) ?? { nics: new Map(), groups: new Map(), vpcs: new Map() };
    parts.set(vpcId, part);
    return part;
  };
  for (const [id, nic] of change.nics) partOf(vpcOf(id)).nics.set(id, nic);
  for (const [id, rules] of change.groups) partOf(vpcOfGroup.get(id)).groups.set(id, rules);
  for (const [id, vpc] of change.vpcs) partOf(id).vpcs.set(id, vpc);
  return parts;
}

/**
 * Makes each part that can be made: again while one of them has made way for others, as an address may move from one to
 * another. Then rejects for those that could not.
 */
export async function makeEach(
  parts: ChangeParts,
  make: (part: PolicyChange) => Promise<void>,
): Promise<void> {
  const refused = new Map<VpcId | undefined, PolicyChange>();
  const reasons = new Map<VpcId | undefined, unknown>();
  for (const [vpcId, part] of parts) {
    try {
      await make(part);
    } catch (error) {
      refused.set(vpcId, part);
      reasons.set(vpcId, error);
    }
  }
  if (refused.size === 0) return;
  if (refused.size < parts.size) return await makeEach(refused, make);
  throw refusalOf(reasons);
}

/** What is not of one VPC may concern all. */
function refusalOf(reasons: ReadonlyMap<VpcId | undefined, unknown>): unknown {
  if (reasons.has(undefined)) return reasons.get(undefined);
  return new PolicyRefusedError(reasons as ReadonlyMap<VpcId, unknown>);
}
