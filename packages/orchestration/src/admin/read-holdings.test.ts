import { anImage, aSnapshot } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { testPlane } from '../testing/test-plane.ts';
import { readHoldings } from './read-holdings.ts';

test('a snapshot is orphaned by its origin, whatever its description says', async () => {
  const { metadata, read } = await testPlane();
  const description = 'Created by CreateImage(i-0aaaaaaaaaaaaaaa1) for ami-0bbbbbbbbbbbbbbb1';
  const imageId = 'ami-0bbbbbbbbbbbbbbb1';
  const used = 'snap-0aaaaaaaaaaaaaaa1';
  const image = anImage();
  await metadata.write(async (tx) => {
    await tx.put('image', image);
    for (const snapshot of [
      aSnapshot({ id: used, origin: { kind: 'capture', imageId: image.id } }),
      aSnapshot({ id: 'snap-of-user', description }),
      aSnapshot({ id: 'snap-renamed', description: '', origin: { kind: 'capture', imageId } }),
      aSnapshot({ id: 'snap-baked', origin: { kind: 'bake' } }),
      aSnapshot({ id: 'snap-baking', state: 'pending', origin: { kind: 'bake' } }),
      aSnapshot({ id: 'snap-seeded', origin: { kind: 'seed' } }),
    ]) {
      await tx.put('snapshot', snapshot);
    }
  });
  const holdings = await read(readHoldings);
  const orphaned = holdings.filter((each) => each.orphaned).map(({ id }) => id);
  expect(orphaned).toEqual(['snap-baked', 'snap-renamed']);
});
