import { newTestStore } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { putSeed, seedImages } from './seed-images.ts';

const now = Date.parse('2026-11-29T00:00:00.000Z');
const image = {
  ImageId: 'ami-00000000000000001',
  OwnerId: '123456789012',
  Name: 'seeded',
  Description: 'as seeded',
  BootMode: 'legacy-bios',
  CreationDate: '2026-01-01T00:00:00.000Z',
  BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 8 } }],
};
const { CreationDate: _, ...undated } = image;
const { Description: __, ...undescribed } = image;

/** Puts one file after the other, a day apart. Returns what the last put kept. */
async function keptOf(...files: readonly object[]) {
  const store = newTestStore();
  let kept: readonly string[] = [];
  for (const [day, each] of files.entries()) {
    const seed = seedImages({ Images: [each] }, { now: now + day * 86_400_000 });
    kept = await store.write((tx) => putSeed(tx, seed));
  }
  return { kept, store };
}

test.each([
  ['put for the first time', [image]],
  ['the same', [image, image]],
  ['without a date', [undated, undated]],
  ['without a date since', [image, undated]],
])('an image that is %s differs in nothing', async (_name, files) => {
  expect((await keptOf(...files)).kept).toEqual([]);
});

test.each([
  ['name', { ...image, Name: 'edited' }],
  [
    'size',
    { ...image, BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 9 } }] },
  ],
  ['boot mode', { ...image, BootMode: 'uefi' }],
  ['date', { ...image, CreationDate: '2026-02-01T00:00:00.000Z' }],
  ['tags', { ...image, Tags: [{ Key: 'a', Value: 'b' }] }],
  ['description, which it lacks', undescribed],
])('an image of which the file has another %s is kept and reported', async (_name, edited) => {
  const { kept } = await keptOf(image, edited);
  expect(kept).toEqual([image.ImageId]);
});

test('launches and a deregistration are no difference', async () => {
  const { store } = await keptOf(image);
  const seed = seedImages({ Images: [image] }, { now });
  const [seeded] = seed.images;
  if (!seeded) throw new Error('one image was seeded');
  const launched = { ...seeded, lastLaunchedAt: now, earlierLaunches: [now - 1] };
  await store.write((tx) => tx.put('image', launched));
  expect(await store.write((tx) => putSeed(tx, seed))).toEqual([]);
  const { id, region, ownerId } = seeded;
  await store.write(async (tx) => {
    await tx.delete('image', id);
    await tx.put('tombstone', { id, region, ownerId, deletedAt: now });
  });
  expect(await store.write((tx) => putSeed(tx, seed))).toEqual([]);
});
