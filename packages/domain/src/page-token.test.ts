import { expect, test } from 'vitest';
import { openPageToken, sealPageToken } from './page-token.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64url');
const refused = expect.objectContaining({ code: 'InvalidNextToken' });

test('a token is for its operation only', () => {
  const token = sealPageToken('DescribeImages', 'ami-1 or any text');
  expect(openPageToken('DescribeImages', token)).toBe('ami-1 or any text');
  expect(() => openPageToken('DescribeVolumes', token)).toThrow(refused);
  expect(() => openPageToken('DescribeImages', 'made up')).toThrow(refused);
});

test.each([
  ['an id that was encoded once more', `DescribeImages ${base64('v1:ami-1')}`],
  ['no version', 'DescribeImages ami-1'],
  ['a later version', 'v3 DescribeImages ami-1'],
])('a token of another release is refused: %s', (_, text) => {
  expect(() => openPageToken('DescribeImages', base64(text))).toThrow(refused);
});
