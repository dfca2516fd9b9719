import { dataFolderSetting } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { testPlane } from './testing/test-plane.ts';

test('a reset keeps the claim of the data folder, and no other setting', async () => {
  const { metadata, plane, scope, addImage } = await testPlane();
  const claim = { id: dataFolderSetting, value: { folderId: 'mine' } };
  await metadata.write((tx) => tx.put('setting', claim));
  await addImage();
  await plane.operationContext(scope, 'request');
  expect(await metadata.read((tx) => tx.count('setting'))).toBeGreaterThan(1);
  await plane.reset();
  expect(await metadata.read((tx) => tx.list('setting'))).toEqual([claim]);
  expect(await metadata.read((tx) => tx.list('image'))).toEqual([]);
  await plane.operationContext(scope, 'request');
  expect(await metadata.read((tx) => tx.list('vpc'))).toHaveLength(1);
});
