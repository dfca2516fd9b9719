import { anImage } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { imageParameters } from './public-parameters.ts';

test('the versions of a recipe are the seconds of its images; of one second the later image counts', () => {
  const baked = (id: `ami-${string}`, createdAt: number) =>
    anImage({ id, tags: { recipe: 'base' }, createdAt });
  const [parameter] = imageParameters([
    baked('ami-later', 7_900),
    baked('ami-earlier', 7_100),
    baked('ami-first', 5_000),
  ]);
  expect(parameter?.name).toBe('/aws/service/base/latest/x86_64');
  expect(parameter?.versions.map(({ version, value }) => [version, value])).toEqual([
    [5, 'ami-first'],
    [7, 'ami-later'],
  ]);
});
