import type { NetworkPolicy, PolicyChange } from '@bakehouse/domain';

/** The policy with a change. */
export function changedPolicy(before: NetworkPolicy, change: PolicyChange): NetworkPolicy {
  const nics = changed(
    before.nics.map(({ nicId, groupIds }) => [nicId, groupIds]),
    change.nics,
  );
  const groups = changed(
    before.groups.map(({ groupId, rules }) => [groupId, rules]),
    change.groups,
  );
  return {
    nics: nics.map(([nicId, groupIds]) => ({ nicId, groupIds })),
    groups: groups.map(([groupId, rules]) => ({ groupId, rules })),
  };
}

function changed<Key, Value>(
  before: readonly (readonly [Key, Value])[],
  change: ReadonlyMap<Key, Value | undefined>,
): (readonly [Key, Value])[] {
  const added = [...change].flatMap(([key, value]): [Key, Value][] =>
    value === undefined ? [] : [[key, value]],
  );
  return [...before.filter(([key]) => !change.has(key)), ...added];
}
