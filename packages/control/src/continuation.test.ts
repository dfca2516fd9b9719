import { expect, test } from 'vitest';
import { testContext } from './testing/test-context.ts';

test('a token continues the operation that gave it, and no other', async () => {
  const { call, addImage } = await testContext();
  for (let n = 0; n < 3; n += 1) await addImage();
  const first = await call('DescribeImages', { Owners: ['self'], MaxResults: 2 });
  const { NextToken } = first;
  expect(NextToken).toBeDefined();
  const rest = await call('DescribeImages', { Owners: ['self'], MaxResults: 2, NextToken });
  expect([...(first.Images ?? []), ...(rest.Images ?? [])]).toHaveLength(3);
  expect(rest.NextToken).toBeUndefined();
  const refused = { code: 'InvalidNextToken' };
  await expect(call('DescribeInstances', { NextToken })).rejects.toMatchObject(refused);
  await expect(call('DescribeImages', { NextToken: 'x' })).rejects.toMatchObject(refused);
});
