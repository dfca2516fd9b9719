import { expect, test } from 'vitest';
import { testContext } from '../testing/test-context.ts';
import { accountCreate } from './accounts.ts';
import type { AdminContext, AdminInput, AdminOperation } from './admin-operation.ts';
import { bake } from './bake.ts';

async function operator(compute: 'qemu' | 'simulated' = 'qemu'): Promise<AdminContext> {
  const { plane, scope } = await testContext();
  const context = plane.adminContext(
    { accountId: scope.accountId, region: scope.region },
    new AbortController().signal,
  );
  return { ...context, settings: { ...context.settings, compute } };
}

async function last(operation: AdminOperation, context: AdminContext, input: AdminInput) {
  let event: object | undefined;
  for await (event of operation(context, input));
  return event;
}

test('a recipe that is not there is refused with those that are', async () => {
  const context = await operator();
  await expect(last(bake, context, { recipe: 'cake' })).rejects.toMatchObject({
    code: 'InvalidParameterValue',
    message: "There is no recipe 'cake'; there are: bakehouse-linux, base",
  });
  expect(await last(bake, context, {})).toMatchObject({ name: 'bakehouse-linux-1' });
});

test('nothing is baked where images have no bytes', async () => {
  await expect(last(bake, await operator('simulated'), {})).rejects.toMatchObject({
    code: 'UnsupportedOperation',
  });
});

test('a further key for an account, but no other name', async () => {
  const context = await operator();
  const accountId = '210987654321';
  const first = await last(accountCreate, context, { accountId, name: 'team' });
  const second = await last(accountCreate, context, { accountId });
  expect(second).toMatchObject({ accountId, name: 'team' });
  expect(second).not.toEqual(first);
  await expect(last(accountCreate, context, { accountId, name: 'others' })).rejects.toThrow(
    "exists and is called 'team'",
  );
});
