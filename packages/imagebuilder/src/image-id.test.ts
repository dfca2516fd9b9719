import { expect, test } from 'vitest';
import { bakehouseLinux } from './bakehouse-linux.ts';
import { formatImageId, imageId, imageName } from './image-id.ts';

const bakedAt = Date.UTC(2026, 10, 3, 4, 5, 6);
const identity = {
  recipeId: '47cfa924-413c-d460-f4f2-2af7-feb6-9e37-7c9f1d2b',
  bakedAt,
  stamp: Uint8Array.of(0x26, 0xa3, 0xed, 0x31),
};

test('image-id has the eight keys in order, one quoted value per line', () => {
  const text = formatImageId(imageId(bakehouseLinux, identity));
  expect(text).toBe(
    [
      'image_name="bakehouse-linux"',
      'image_version="2026.11"',
      'image_arch="x86_64"',
      'image_file="bakehouse-linux-2026.11-x86_64-20261103040506.ext4.mbr"',
      'image_stamp="26a3-ed31"',
      'image_date="20261103040506"',
      'recipe_name="bakehouse linux"',
      'recipe_id="47cfa924-413c-d460-f4f2-2af7-feb6-9e37-7c9f1d2b"',
      '',
    ].join('\n'),
  );
});

test('names of two bakes a second apart differ, and both are valid AMI names', () => {
  const names = [bakedAt, bakedAt + 1000].map((at) => imageName(bakehouseLinux, at));
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9()./_-]{3,128}$/);
});
