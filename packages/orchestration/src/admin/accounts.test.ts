import { expect, test } from 'vitest';
import { testPlane } from '../testing/test-plane.ts';
import { accountCreate } from './accounts.ts';

const ignore = () => {};

test('a further key for an account, but no other name', async () => {
  const { plane, scope } = await testPlane();
  const context = plane.adminContext(scope, new AbortController().signal);
  const accountId = '210987654321';
  const first = await accountCreate(context, { accountId, name: 'team' }, ignore);
  const second = await accountCreate(context, { accountId }, ignore);
  expect(first).toMatchObject({ accountId, name: 'team', isNew: true });
  expect(second).toMatchObject({ accountId, name: 'team', isNew: false });
  expect(second).not.toEqual(first);
  await expect(accountCreate(context, { accountId, name: 'others' }, ignore)).rejects.toThrow(
    "exists and is called 'team'",
  );
});
