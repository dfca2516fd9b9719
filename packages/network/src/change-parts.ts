import type { PolicyChange, VpcId } from '@bakehouse/domain';
import type { PluggedNic } from './network-records.ts';
import type { PolicyState } from './network-state.ts';

interface ChangedNetwork {
  readonly nics: ReadonlyMap<string, PluggedNic>;
  readonly policy: PolicyState;
}

type Mutable<Values> = Values extends ReadonlyMap<infer Key, infer Value> ? Map<Key, Value> : never;
type Part = { readonly [Kind in keyof PolicyChange]: Mutable<PolicyChange[Kind]> };

/** A change of several VPCs as one for each, and one for what no VPC on this host uses. */
export function changeParts(
  change: PolicyChange,
  { nics, policy }: ChangedNetwork,
): readonly PolicyChange[] {
  const vpcs = new Set([...nics.values()].map(({ vpcId }) => vpcId));
  const vpcOfGroup = new Map<string, VpcId>();
  for (const { nicId, vpcId } of nics.values()) {
    const named = [policy.nics.get(nicId), change.nics.get(nicId)];
    for (const groupId of named.flatMap((each) => each?.groupIds ?? []))
      vpcOfGroup.set(groupId, vpcId);
  }
  const parts = new Map<VpcId | undefined, Part>();
  const partOf = (vpcId: VpcId | undefined) => {
    const part: Part = parts.get(vpcId) ?? { nics: new Map(), groups: new Map(), vpcs: new Map() };
    parts.set(vpcId, part);
    return part;
  };
  for (const [id, nic] of change.nics) partOf(nics.get(id)?.vpcId).nics.set(id, nic);
  for (const [id, rules] of change.groups) partOf(vpcOfGroup.get(id)).groups.set(id, rules);
  for (const [id, vpc] of change.vpcs) partOf(vpcs.has(id) ? id : undefined).vpcs.set(id, vpc);
  return [...parts.values()];
}

/**
 * Makes each part that can be made: again while one of them has made way for others, as an address may move from one to
 * another. Then rejects for those that could not.
 */
export async function makeEach(
  parts: readonly PolicyChange[],
  make: (part: PolicyChange) => Promise<void>,
): Promise<void> {
  const failures = new Map<PolicyChange, unknown>();
  for (const part of parts) {
    await make(part).catch((error: unknown) => failures.set(part, error));
  }
  if (failures.size === 0) return;
  if (failures.size < parts.length) return await makeEach([...failures.keys()], make);
  const [first, ...others] = failures.values();
  throw others.length === 0 ? first : new AggregateError([first, ...others], String(first));
}
