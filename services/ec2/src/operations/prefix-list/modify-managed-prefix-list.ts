import type { Ec2Input } from '@bakehouse/aws-model';
import { apiError, type PrefixList, type PrefixListEntry } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved, requireOneOf } from '../../request/refusals.ts';
import { prefixListView } from '../../views/prefix-list.ts';
import {
  askedEntries,
  checkEntriesPerRequest,
  checkEntryCount,
  checkMaxEntries,
  checkPrefixListName,
  entryCidr,
} from './prefix-list-request.ts';
import { checkRoomOfUsers } from './prefix-list-users.ts';

type Request = Ec2Input<'ModifyManagedPrefixList'>;

/** The entries of earlier versions that are kept together, so that the record stays small; the oldest go first. */
const earlierEntriesMax = 10_000;

type EarlierVersions = NonNullable<PrefixList['earlierVersions']>;

function withinLimit(versions: EarlierVersions): EarlierVersions {
  let left = earlierEntriesMax;
  const kept = versions.toReversed().filter(({ entries }) => {
    left -= Math.max(1, entries.length);
    return left >= 0;
  });
  return kept.toReversed();
}

/** A change of entries names the version that it is made from, so that two of them cannot mix. */
function checkVersion({ id, version }: PrefixList, asked: number | undefined): void {
  if (asked === undefined) throw apiError('MissingParameter', { parameter: 'currentVersion' });
  if (asked !== version) throw apiError('PrefixListVersionMismatch', { id, version });
}

function withoutEntries(
  { id, addressFamily, entries }: PrefixList,
  removed: NonNullable<Request['RemoveEntries']>,
): readonly PrefixListEntry[] {
  checkEntriesPerRequest(removed);
  const cidrs = new Set(removed.map(({ Cidr }) => entryCidr(addressFamily, Cidr)));
  const known = new Set(entries.map(({ cidr }) => cidr));
  const missing = [...cidrs].find((cidr) => !known.has(cidr));
  if (missing !== undefined) {
    throw apiError('InvalidParameterValue', {
      message: `The prefix list '${id}' has no entry for the CIDR '${missing}'.`,
    });
  }
  return entries.filter(({ cidr }) => !cidrs.has(cidr));
}

/** Removes first, so that one request can replace an entry. An entry that exists is given the new description. */
function changedEntries(list: PrefixList, request: Request): readonly PrefixListEntry[] {
  const kept = withoutEntries(list, request.RemoveEntries ?? []);
  const added = askedEntries(list.addressFamily, request.AddEntries);
  const replaced = new Set(added.map(({ cidr }) => cidr));
  return [...kept.filter(({ cidr }) => !replaced.has(cidr)), ...added];
}

function nextVersion(list: PrefixList, request: Request): PrefixList {
  if (!request.AddEntries?.length && !request.RemoveEntries?.length) return list;
  if (request.MaxEntries !== undefined) {
    throw apiError('InvalidParameterCombination', {
      message: 'MaxEntries and entries cannot be changed in the same request',
    });
  }
  checkVersion(list, request.CurrentVersion);
  const { version, entries, earlierVersions = [] } = list;
  return {
    ...list,
    version: version + 1,
    entries: changedEntries(list, request),
    earlierVersions: withinLimit([...earlierVersions, { version, entries }]),
  };
}

function changed(list: PrefixList, request: Request): PrefixList {
  const { PrefixListName: name, MaxEntries: maxEntries } = request;
  if (name !== undefined) checkPrefixListName(name);
  if (maxEntries !== undefined) checkMaxEntries(maxEntries);
  const after = {
    ...nextVersion(list, request),
    ...(name === undefined ? {} : { name }),
    ...(maxEntries === undefined ? {} : { maxEntries }),
  };
  checkEntryCount(after);
  return after;
}

/** An empty list asks for nothing. */
const some = <Item>(items: readonly Item[] | undefined) => (items?.length ? items : undefined);

/** Changed entries make a new version, which is in force in rules and routes before the reply. */
export const modifyManagedPrefixList: Operation<'ModifyManagedPrefixList'> = async (
  context,
  request,
) => {
  refuseUnserved(request, ['IpamPrefixListResolverSyncEnabled']);
  const given = {
    ...request,
    AddEntries: some(request.AddEntries),
    RemoveEntries: some(request.RemoveEntries),
  };
  requireOneOf(given, ['PrefixListName', 'AddEntries', 'RemoveEntries', 'MaxEntries']);
  const list = await context.write(async (tx) => {
    const before = await ownedById(tx, context, 'prefixList', request.PrefixListId);
    const after = changed(before, request);
    await tx.put('prefixList', after);
    if (after.maxEntries > before.maxEntries) await checkRoomOfUsers(tx, after.id);
    return after;
  });
  await enforcePolicy(context);
  return { PrefixList: prefixListView(list) };
};
