import { GiB } from '@bakehouse/base';
import {
  type Image,
  type MapHolderKind,
  type MetadataReader,
  mapHolderKinds,
  mapsHeldBy,
  type RecordKinds,
  type Snapshot,
} from '@bakehouse/domain';
import type { Holding } from './usage-rows.ts';

const snapshotIds = ({ blockDevices }: Image): readonly string[] =>
  blockDevices.flatMap((device) => device.ebs?.snapshotId ?? []);

/** True of a snapshot that exists only because an image was made. */
const isMadeForImage = ({ origin }: Snapshot) =>
  origin.kind === 'bake' || (origin.kind === 'capture' && origin.imageId !== undefined);

/** What usage shows of a record that holds maps itself. A kind that is new in the table of holders must be added. */
const described: {
  readonly [K in MapHolderKind]: (
    record: RecordKinds[K],
    used: ReadonlyMap<string, number>,
  ) => Pick<Holding, 'kind' | 'region' | 'ownerId' | 'sizeBytes' | 'orphaned'>;
} = {
  snapshot(snapshot, used) {
    const { id, region, ownerId, sizeGiB, state } = snapshot;
    const orphaned = state !== 'pending' && isMadeForImage(snapshot) && !used.has(id);
    const shown = { kind: 'snapshot', region, ownerId, sizeBytes: sizeGiB * GiB } as const;
    return orphaned ? { ...shown, orphaned } : shown;
  },
  volume: ({ region, ownerId, sizeGiB }) => ({
    kind: 'volume',
    region,
    ownerId,
    sizeBytes: sizeGiB * GiB,
  }),
  fastLaunch: ({ region, ownerId, template }) => ({
    kind: 'fast launch',
    region,
    ownerId,
    sizeBytes: template.sizeGiB * GiB,
  }),
};

type Holders = { readonly [K in MapHolderKind]: readonly RecordKinds[K][] };

function holdingsOf<K extends MapHolderKind>(
  kind: K,
  holders: Holders,
  used: ReadonlyMap<string, number>,
): readonly Holding[] {
  return holders[kind].map((record) => ({
    ...described[kind](record, used),
    id: record.id,
    mapIds: mapsHeldBy(kind, record),
    goes: [record.id],
  }));
}

/** Every record that needs maps, with what would be deleted with it. */
export async function readHoldings(reader: MetadataReader): Promise<readonly Holding[]> {
  const snapshots = await reader.list('snapshot');
  const images = await reader.list('image');
  const byId = new Map<string, Snapshot>(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  const used = new Map<string, number>();
  for (const id of images.flatMap((image) => [...new Set(snapshotIds(image))])) {
    used.set(id, (used.get(id) ?? 0) + 1);
  }
  const imageHolding = (image: Image): Holding => {
    const own = [...new Set(snapshotIds(image))].flatMap((id) => byId.get(id) ?? []);
    const { id, region, ownerId, name } = image;
    return {
      kind: 'image',
      id,
      name,
      region,
      ownerId,
      sizeBytes: own.reduce((total, { sizeGiB }) => total + sizeGiB * GiB, 0),
      mapIds: own.flatMap((snapshot) => mapsHeldBy('snapshot', snapshot)),
      goes: own.filter((each) => used.get(each.id) === 1).map((each) => each.id),
    };
  };
  const holdings = images.map(imageHolding);
  const holders: Holders = {
    snapshot: snapshots,
    volume: await reader.list('volume'),
    fastLaunch: await reader.list('fastLaunch'),
  };
  for (const kind of mapHolderKinds) holdings.push(...holdingsOf(kind, holders, used));
  return holdings;
}
