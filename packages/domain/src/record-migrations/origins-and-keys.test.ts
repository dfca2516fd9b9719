import { expect, test } from 'vitest';
import { originsAndKeys } from './origins-and-keys.ts';
import type { EarlierRecord } from './record-migration.ts';

const createdAt = Date.UTC(2026, 10, 1);
const minuteMs = 60_000;

const imageOf = (id: string, ...snapshotIds: readonly string[]): EarlierRecord => ({
  id,
  createdAt,
  sourceInstanceId: 'i-1',
  blockDevices: snapshotIds.map((snapshotId) => ({ deviceName: '/dev/sdb', ebs: { snapshotId } })),
});

const snapshotOf = (id: string, changes: object = {}): EarlierRecord => ({
  region: 'us-east-1',
  volumeId: 'vol-1',
  createdAt,
  ...changes,
  id,
});

/** The origin that a snapshot gets beside these images. */
function originOf(snapshot: EarlierRecord, images: readonly EarlierRecord[]): unknown {
  const convert = originsAndKeys.converter((kind) => (kind === 'image' ? images : []), {});
  return convert('snapshot', snapshot).origin;
}

test('a snapshot is of the image that was made with it, though its content was fixed later', () => {
  const later = { startedAt: createdAt + 3 * minuteMs };
  const images = [imageOf('ami-1', 'snap-1')];
  const expected = { kind: 'capture', imageId: 'ami-1' };
  expect(originOf(snapshotOf('snap-1', later), images)).toEqual(expected);
});

test("a user's older snapshot that an image's mapping added is of no image", () => {
  for (const ageMs of [1, minuteMs / 2, 60 * minuteMs]) {
    const own = snapshotOf('snap-own', { createdAt: createdAt - ageMs });
    expect(originOf(own, [imageOf('ami-1', 'snap-1', 'snap-own')])).toEqual({ kind: 'capture' });
  }
});

test("an image's snapshot stays of it when a later image has it, too", () => {
  const later = { ...imageOf('ami-2', 'snap-2', 'snap-1'), createdAt: createdAt + minuteMs };
  const images = [imageOf('ami-1', 'snap-1'), later];
  expect(originOf(snapshotOf('snap-1'), images)).toEqual({ kind: 'capture', imageId: 'ami-1' });
});

test('a snapshot of no volume is of a bake, one of every region of a seed file', () => {
  const images = [imageOf('ami-1', 'snap-1')];
  const ofNone = snapshotOf('snap-1', { volumeId: 'vol-ffffffff' });
  expect(originOf(ofNone, images)).toEqual({ kind: 'bake' });
  expect(originOf({ ...ofNone, region: '*' }, images)).toEqual({ kind: 'seed' });
});
