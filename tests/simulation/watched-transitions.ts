import {
  type Image,
  type Instance,
  type MetadataStore,
  type MetadataTransaction,
  mayFollow,
  type RecordKind,
  type RecordKinds,
  type Snapshot,
  type Volume,
  withWrites,
} from '@bakehouse/domain';
import type { FakeWorld } from '@bakehouse/fakes';

type Before<Row> = { readonly before: Row; readonly after: Row };

/** Whether a change of a record follows the state tables, by kind; kinds without a table always do. */
const follows: { readonly [K in RecordKind]?: (change: Before<RecordKinds[K]>) => boolean } = {
  instance: ({ before, after }: Before<Instance>) =>
    mayFollow('instance', before.state, after.state),
  image: ({ before, after }: Before<Image>) => mayFollow('image', before.state, after.state),
  snapshot: ({ before, after }: Before<Snapshot>) =>
    mayFollow('snapshot', before.state, after.state),
  volume({ before, after }: Before<Volume>) {
    const [old, now] = [before.attachment, after.attachment];
    const isSame = old && now && old.instanceId === now.instanceId;
    const attachmentFollows = !isSame || mayFollow('attachment', old.state, now.state);
    return attachmentFollows && mayFollow('volume', before.state, after.state);
  },
};

function watched(tx: MetadataTransaction, forbidden: Set<string>): MetadataTransaction {
  return withWrites(tx, {
    delete: (kind, id) => tx.delete(kind, id),
    async put(kind, record) {
      const before = await tx.get(kind, record.id);
      const isAllowed = !before || (follows[kind]?.({ before, after: record }) ?? true);
      if (!isAllowed)
        forbidden.add(`${kind} ${JSON.stringify(before)} becomes ${JSON.stringify(record)}`);
      await tx.put(kind, record);
    },
  });
}

const forbiddenIn = new WeakMap<FakeWorld, Set<string>>();

/** What was written in the world against the state tables; it must be nothing. */
export function forbiddenTransitions(world: FakeWorld): Set<string> {
  const forbidden = forbiddenIn.get(world) ?? new Set();
  forbiddenIn.set(world, forbidden);
  return forbidden;
}

/**
 * The store, noting every write that takes a record from one state to another against the state tables. It goes through: a
 * failure would be repeated or refused by the platform, and nobody would see it.
 */
export function watchTransitions(world: FakeWorld, store: MetadataStore): MetadataStore {
  const forbidden = forbiddenTransitions(world);
  return {
    read: (work) => store.read(work),
    write: (work) => store.write((tx) => work(watched(tx, forbidden))),
    reset: (keep, keptSettings) => store.reset(keep, keptSettings),
    close: () => store.close(),
  };
}
