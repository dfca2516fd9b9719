import { expect, test } from 'vitest';
import { getCallerIdentity } from './get-caller-identity.ts';

test.each([
  ['eu-west-1', 'arn:aws:iam::123456789012:root'],
  ['cn-north-1', 'arn:aws-cn:iam::123456789012:root'],
])('in %s the caller is %s', async (region, Arn) => {
  const accountId = '123456789012';
  expect(await getCallerIdentity({ accountId, region }, {})).toEqual({
    UserId: accountId,
    Account: accountId,
    Arn,
  });
});
