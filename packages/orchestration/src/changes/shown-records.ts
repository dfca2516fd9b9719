import { isDeepStrictEqual } from 'node:util';
import type { RecordEvent } from '@bakehouse/admin-api';
import type {
  AccountId,
  Image,
  RecordKind,
  RecordKinds,
  Shareable,
  SharedWith,
  Snapshot,
} from '@bakehouse/domain';
import { firstAccountId } from '../platform/accounts.ts';
import type { Audience } from './event-log.ts';
import type { WantedChange } from './observed-store.ts';

/** What an event says of a record, and to whom. */
export interface Shown
  extends Pick<RecordEvent, 'region' | 'state' | 'progressPercent' | 'problem'> {
  readonly audience: Audience;
}

type Show<K extends RecordKind> = (record: RecordKinds[K]) => Shown;

const only = (accountId: AccountId): Audience => ({ everyone: false, accountIds: [accountId] });
const forOperator = { audience: only(firstAccountId) };

const owned = ({ ownerId, region }: { ownerId: AccountId; region: string }) => ({
  region,
  audience: only(ownerId),
});

const shared = (ownerId: AccountId, { everyone, accountIds }: SharedWith): Audience => ({
  everyone,
  accountIds: [ownerId, ...accountIds],
});

const percent = (progressPercent: number | undefined) =>
  progressPercent === undefined ? {} : { progressPercent };

const problem = (text: string | undefined) => (text === undefined ? {} : { problem: text });

/** How each kind is shown; undefined for kinds that nobody sees: secrets and bookkeeping. */
const shownByKind: { readonly [K in RecordKind]: Show<K> | undefined } = {
  account: () => forOperator,
  accessKey: undefined,
  image: ({ ownerId, region, state, launchPermissions }) => ({
    region,
    state,
    audience: shared(ownerId, launchPermissions),
  }),
  snapshot: ({ ownerId, region, state, progressPercent, createVolumePermissions }) => ({
    region,
    state,
    progressPercent,
    audience: shared(ownerId, createVolumePermissions),
  }),
  volume: (volume) => ({
    ...owned(volume),
    state: volume.state,
    ...percent(volume.initialization?.progressPercent),
  }),
  instance: (instance) => ({
    ...owned(instance),
    state: instance.state,
    ...problem(instance.status?.pausedBecause),
  }),
  networkInterface: owned,
  vpc: owned,
  subnet: owned,
  internetGateway: owned,
  routeTable: owned,
  networkAcl: owned,
  dhcpOptions: owned,
  elasticAddress: owned,
  natGateway: (gateway) => ({ ...owned(gateway), state: gateway.state }),
  prefixList: owned,
  securityGroup: owned,
  securityGroupRule: owned,
  keyPair: owned,
  launchTemplate: owned,
  launchTemplateVersion: owned,
  clientToken: undefined,
  tombstone: undefined,
  setting: undefined,
  parameter: owned,
  parameterVersion: undefined,
  workflow: ({ region, parked, state }) => ({
    ...forOperator,
    region,
    state: parked ? 'parked' : state,
  }),
  bake: ({ state }) => ({ ...forOperator, state }),
  fastRestore: (record) => ({ ...owned(record), state: record.state }),
  fastLaunch: (record) => ({ ...owned(record), state: record.state }),
};

export function shownRecord<K extends RecordKind>(
  kind: K,
  record: RecordKinds[K],
): Shown | undefined {
  return shownByKind[kind]?.(record);
}

/** An image or a snapshot: seen by its owner and by those it is shared with. */
interface SharedRecord extends Required<Shareable> {
  readonly ownerId: AccountId;
  readonly sharing: SharedWith;
  /** Without members that not everyone who sees the record sees, and without those that say who sees it. */
  readonly seenByAll: object;
}

/** How each kind that can be shared is seen; others have one viewer. */
const sharedByKind: { readonly [K in RecordKind]?: (record: RecordKinds[K]) => SharedRecord } = {
  image({ ownerId, othersTags = {}, launchPermissions: sharing, ...rest }: Image) {
    const { tags: _, lastLaunchedAt: __, earlierLaunches: ___, ...seenByAll } = rest;
    return { ownerId, othersTags, sharing, seenByAll };
  },
  snapshot({ ownerId, othersTags = {}, createVolumePermissions: sharing, ...rest }: Snapshot) {
    const { tags: _, ...seenByAll } = rest;
    return { ownerId, othersTags, sharing, seenByAll };
  },
};

/** Of records that can be shared, the earlier state says who sees a change and who loses the record. */
export function wantedOf(kind: RecordKind): WantedChange {
  if (!shownByKind[kind]) return 'nothing';
  return sharedByKind[kind] ? 'both' : 'after';
}

/** The accounts for which a change is of something that is theirs: their own tags, or their permission. */
function affectedAccounts(before: SharedRecord, after: SharedRecord): readonly AccountId[] {
  const tagsOf = ({ othersTags }: SharedRecord, accountId: AccountId) => othersTags[accountId];
  const isNamed = ({ sharing }: SharedRecord, accountId: AccountId) =>
    sharing.accountIds.includes(accountId);
  const all = [before, after].flatMap(({ othersTags, sharing }) => [
    ...Object.keys(othersTags),
    ...sharing.accountIds,
  ]);
  return [...new Set(all)].filter(
    (accountId) =>
      (after.sharing.everyone || isNamed(after, accountId)) &&
      (isNamed(before, accountId) !== isNamed(after, accountId) ||
        !isDeepStrictEqual(tagsOf(before, accountId), tagsOf(after, accountId))),
  );
}

/**
 * To whom a change of a record is shown. Accounts that a record is shared with get a change of what they all see, and of
 * their own tags and permission; the rest is the owner's alone. Otherwise launches, tags and permissions would reveal what
 * other accounts do.
 */
export function shownChange<K extends RecordKind>(
  kind: K,
  before: RecordKinds[K] | undefined,
  after: RecordKinds[K],
): Shown | undefined {
  const shown = shownRecord(kind, after);
  const sharedOf = sharedByKind[kind];
  if (!shown || !sharedOf || !before) return shown;
  const [was, is] = [sharedOf(before), sharedOf(after)];
  const isForAll =
    was.sharing.everyone !== is.sharing.everyone || !isDeepStrictEqual(was.seenByAll, is.seenByAll);
  if (isForAll) return shown;
  const accountIds = [is.ownerId, ...affectedAccounts(was, is)];
  return { ...shown, audience: { everyone: false, accountIds } };
}

/** Kinds that events can be narrowed to. */
export const shownKinds: readonly string[] = Object.entries(shownByKind).flatMap(([kind, show]) =>
  show ? [kind] : [],
);
