import { expect, test } from 'vitest';
import { openPageToken, sealPageToken } from './page-token.ts';

test('a token is for its operation only', () => {
  const token = sealPageToken('DescribeImages', 'ami-1 or any text');
  expect(openPageToken('DescribeImages', token)).toBe('ami-1 or any text');
  const refused = expect.objectContaining({ code: 'InvalidNextToken' });
  expect(() => openPageToken('DescribeVolumes', token)).toThrow(refused);
  expect(() => openPageToken('DescribeImages', 'made up')).toThrow(refused);
});
