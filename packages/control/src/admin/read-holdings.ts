import { GiB } from '@bakehouse/base';
import type { Image, MetadataReader, Snapshot, Volume } from '@bakehouse/domain';
import type { Holding } from './usage-rows.ts';

const snapshotIds = ({ blockDevices }: Image): readonly string[] =>
  blockDevices.flatMap((device) => device.ebs?.snapshotId ?? []);

/** `Created by CreateImage(i-…) for ami-…`: the image that a snapshot was taken for. */
const madeFor = /^Created by CreateImage\(i-[0-9a-f]+\) for (ami-[0-9a-f]+)$/;

function snapshotHolding(snapshot: Snapshot, used: ReadonlyMap<string, number>): Holding {
  const { id, region, ownerId, mapId, sizeGiB, description } = snapshot;
  const orphaned = madeFor.test(description) && !used.has(id);
  return {
    kind: 'snapshot',
    id,
    region,
    ownerId,
    sizeBytes: sizeGiB * GiB,
    mapIds: [mapId],
    goes: [id],
    ...(orphaned ? { orphaned } : {}),
  };
}

function volumeHolding({ id, region, ownerId, sizeGiB, originMapId, baseline }: Volume): Holding {
  const mapIds = [...(originMapId ? [originMapId] : []), ...(baseline ? [baseline.mapId] : [])];
  return { kind: 'volume', id, region, ownerId, sizeBytes: sizeGiB * GiB, mapIds, goes: [id] };
}

/** Every record that holds maps, with what would go with it. */
export async function readHoldings(reader: MetadataReader): Promise<readonly Holding[]> {
  const snapshots = await reader.list('snapshot');
  const images = await reader.list('image');
  const volumes = await reader.list('volume');
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
      mapIds: own.map((snapshot) => snapshot.mapId),
      goes: own.filter((each) => used.get(each.id) === 1).map((each) => each.id),
    };
  };
  return [
    ...images.map(imageHolding),
    ...snapshots.map((snapshot) => snapshotHolding(snapshot, used)),
    ...volumes.map(volumeHolding),
  ];
}
