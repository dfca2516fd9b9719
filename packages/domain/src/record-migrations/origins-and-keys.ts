import type { RecordKind } from '../record-kinds.ts';
import { ebsKeyAlias, type ImageId, type WorkflowId } from '../records/common.ts';
import type { SnapshotOrigin } from '../records/snapshot.ts';
import { everyRegion } from '../regions.ts';
import { noVolumeId } from '../snapshots/plan-snapshot.ts';
import type { EarlierRecord, RecordConverter, RecordMigration } from './record-migration.ts';

type RecordsOf = (kind: RecordKind) => readonly EarlierRecord[];

type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null;
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** `encrypted` becomes the key, which only seeded images and snapshots could have: their account's default. */
function withKey(part: Members): Members {
  if (!('encrypted' in part)) return part;
  const { encrypted, ...rest } = part;
  return encrypted === true ? { ...rest, encryption: { keyId: ebsKeyAlias } } : rest;
}

function withKeys(image: EarlierRecord): EarlierRecord {
  const blockDevices = listOf(image.blockDevices).map((device) =>
    isObject(device) && isObject(device.ebs) ? { ...device, ebs: withKey(device.ebs) } : device,
  );
  return { ...image, blockDevices };
}

/** By snapshot: the work that takes it, with the image that it takes it for. */
function worksBySnapshot(workflows: readonly EarlierRecord[]) {
  const works = new Map<unknown, { workflowId: WorkflowId; imageId?: ImageId }>();
  for (const { id, input } of workflows) {
    if (!isObject(input)) continue;
    const work = {
      workflowId: id as WorkflowId,
      ...(typeof input.imageId === 'string' ? { imageId: input.imageId as ImageId } : {}),
    };
    for (const snapshotId of listOf(input.snapshotIds)) works.set(snapshotId, work);
  }
  return works;
}

/** A snapshot by the instant of its record. */
const bornAt = (snapshotId: unknown, createdAt: unknown): string => `${snapshotId} ${createdAt}`;

/**
 * By snapshot: the image that CreateImage took it for, while that image exists. One request made the records of both, at
 * one instant; a snapshot that the request's mapping added is older, and its owner's own.
 */
function imagesBySnapshot(images: readonly EarlierRecord[]) {
  const found = new Map<string, ImageId>();
  for (const { id, sourceInstanceId, blockDevices, createdAt } of images) {
    if (sourceInstanceId === undefined) continue;
    for (const device of listOf(blockDevices)) {
      const ebs = isObject(device) && device.ebs;
      if (isObject(ebs)) found.set(bornAt(ebs.snapshotId, createdAt), id as ImageId);
    }
  }
  return found;
}

function originFinder(recordsOf: RecordsOf): (snapshot: EarlierRecord) => SnapshotOrigin {
  const works = worksBySnapshot(recordsOf('workflow'));
  const images = imagesBySnapshot(recordsOf('image'));
  return ({ id, region, volumeId, createdAt }) => {
    if (region === everyRegion) return { kind: 'seed' };
    if (volumeId === noVolumeId) return { kind: 'bake' };
    const imageId = images.get(bornAt(id, createdAt));
    return { kind: 'capture', ...(imageId ? { imageId } : {}), ...works.get(id) };
  };
}

/**
 * Snapshots get an `origin`, and `encrypted` becomes `encryption`. The image that a snapshot was taken for is not known
 * when that image is gone: its only trace is a description, which users can write too.
 */
export const originsAndKeys: RecordMigration = {
  name: 'origins of snapshots, keys of encryption',
  lookUpKinds: ['workflow', 'image'],
  converter(recordsOf): RecordConverter {
    const originOf = originFinder(recordsOf);
    return (kind, record) => {
      const { id } = record;
      if (kind === 'snapshot') return { ...withKey(record), id, origin: originOf(record) };
      if (kind === 'image') return withKeys(record);
      if (kind !== 'volume') return record;
      const { encrypted: _, ...rest } = record;
      return { ...rest, id };
    };
  },
};
