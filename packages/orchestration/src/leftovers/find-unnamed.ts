import type {
  Compute,
  HotMaps,
  MachineKeeper,
  MetadataPublisher,
  MetadataStore,
  Network,
  PrunableSnapshotStore,
  VolumeDisks,
} from '@bakehouse/domain';
import { dropUnheld } from '../workflows/prune-blocks.ts';
import { type NamedRecords, readNamedRecords } from './named-records.ts';

type LeftoverKind =
  | 'machine'
  | 'machine files'
  | 'volume'
  | 'network interface'
  | 'guest metadata'
  | 'hot map'
  | 'block map';

/** Something that exists outside of the records and that no record names: what a crash can leave. */
export interface Unnamed {
  readonly kind: LeftoverKind;
  readonly name: string;
  readonly problem: string;
  /** Repeatable. The block maps of one look go together: each of them removes all. */
  remove(): Promise<void>;
}

/** The drivers whose things are looked for. Kinds whose driver is absent are left out. */
export interface LeftoverDrivers {
  readonly compute?: Pick<Compute, 'list' | 'kill'>;
  readonly keeper?: MachineKeeper;
  readonly volumes?: Pick<VolumeDisks, 'list' | 'remove'>;
  readonly hot?: Pick<HotMaps, 'list' | 'drop'>;
  readonly network?: Pick<Network, 'list' | 'unplug'>;
  readonly publisher?: Pick<MetadataPublisher, 'list' | 'withdraw'>;
  readonly snapshots?: Pick<PrunableSnapshotStore, 'list' | 'prune'>;
}

interface Kind<Id extends string> {
  readonly kind: LeftoverKind;
  readonly problem: string;
  list(): Promise<readonly Id[]>;
  named(records: NamedRecords): ReadonlySet<string>;
  /** How to remove one of these, which no record names. */
  removal(unnamed: readonly Id[]): (id: Id) => Promise<void>;
}

const oneByOne =
  <Id>(remove: (id: Id) => Promise<void>) =>
  () =>
    remove;

/** A prune goes through the whole store, so that one is for all. */
function together<Id>(remove: (ids: readonly Id[]) => Promise<unknown>) {
  return (ids: readonly Id[]) => {
    let removed: Promise<void> | undefined;
    return () => {
      removed ??= remove(ids).then(
        () => {},
        (error: unknown) => {
          // Lets the next call retry.
          removed = undefined;
          throw error;
        },
      );
      return removed;
    };
  };
}

/** Lists what exists; the result compares it with records that were read afterwards. */
type Finder = () => Promise<(records: NamedRecords) => readonly Unnamed[]>;

function finder<Id extends string>({ kind, problem, list, named, removal }: Kind<Id>): Finder {
  return async () => {
    const existing = await list();
    return (records) => {
      const wanted = named(records);
      const unnamed = existing.filter((id) => !wanted.has(id));
      const remove = removal(unnamed);
      return unnamed.map((id) => ({ kind, name: id, problem, remove: () => remove(id) }));
    };
  };
}

/** One finder for each kind, used by the reconciler at the start and by `doctor`. */
function finders(drivers: LeftoverDrivers): readonly Finder[] {
  const { compute, keeper, volumes, hot, network, publisher, snapshots } = drivers;
  const found: (Finder | undefined)[] = [
    compute &&
      finder({
        kind: 'machine',
        problem: 'a machine that no instance should have',
        list: async () => (await compute.list()).map(({ instanceId }) => instanceId),
        named: ({ machines }) => machines,
        removal: oneByOne((id) => compute.kill(id)),
      }),
    keeper &&
      finder({
        kind: 'machine files',
        problem: 'files of an instance without a record',
        list: () => keeper.kept(),
        named: ({ instances }) => instances,
        removal: oneByOne(async (id) => {
          await compute?.kill(id);
          await keeper.forget(id);
        }),
      }),
    volumes &&
      finder({
        kind: 'volume',
        problem: 'the disk of a volume without a record',
        list: () => volumes.list(),
        named: (records) => records.volumes,
        removal: oneByOne((id) => volumes.remove(id)),
      }),
    hot &&
      finder({
        kind: 'hot map',
        problem: 'a local copy of blocks of a snapshot without a record',
        list: async () => (await hot.list()).map(({ mapId }) => mapId),
        named: ({ maps }) => maps,
        removal: oneByOne((id) => dropUnheld(hot, id)),
      }),
    network &&
      finder({
        kind: 'network interface',
        problem: 'a network interface without a record',
        list: () => network.list(),
        named: ({ networkInterfaces }) => networkInterfaces,
        removal: oneByOne((id) => network.unplug(id)),
      }),
    publisher &&
      finder({
        kind: 'guest metadata',
        problem: 'published for an instance without a record',
        list: () => publisher.list(),
        named: ({ instances }) => instances,
        removal: oneByOne((id) => publisher.withdraw(id)),
      }),
    snapshots &&
      finder({
        kind: 'block map',
        problem: 'blocks of a snapshot without a record',
        list: () => snapshots.list(),
        named: ({ maps }) => maps,
        removal: together((ids) => snapshots.prune(new Set(ids))),
      }),
  ];
  return found.filter((each) => each !== undefined);
}

/**
 * What exists and is named by no record. Changes nothing. A record is always written before what it names is made,
 * so things are listed first and records are read afterwards: what has no record then is garbage, also while the
 * control plane works.
 */
export async function findUnnamed(
  metadata: Pick<MetadataStore, 'read'>,
  drivers: LeftoverDrivers,
): Promise<readonly Unnamed[]> {
  const compare = await Promise.all(finders(drivers).map((find) => find()));
  const records = await metadata.read(readNamedRecords);
  return compare.flatMap((against) => against(records));
}
