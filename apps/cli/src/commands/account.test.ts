import { expect, test } from 'vitest';
import { adminServer } from '../testing/fake-server.ts';
import { runCommandAt } from '../testing/run-command.ts';
import { accountCreateCommand } from './account.ts';

const nowhere = 'http://127.0.0.1:1';

test.each([
  [['111'], {}, 'ACCOUNT-ID must have 12 digits'],
  [[''], {}, 'ACCOUNT-ID must have 12 digits'],
  [[], { name: '' }, '--name must have 1 to 255 characters'],
  [[], { name: 'n'.repeat(256) }, '--name must have 1 to 255 characters'],
])(
  '%j %j is a mistake in the call, which no server needs to see',
  async (args, options, message) => {
    const running = runCommandAt(nowhere, accountCreateCommand, { args, options });
    await expect(running).rejects.toMatchObject({ name: 'CommandUsageError', message });
  },
);

test.each([
  [true, 'account            210987654321 (new)'],
  [false, 'account            210987654321 (a further key)'],
])('the output says whether the account is new: %s', async (isNew, line) => {
  const made = { accountId: '210987654321', name: 'team', accessKeyId: 'A', secretAccessKey: 'S' };
  const url = await adminServer({ result: { ...made, isNew } });
  const { printed } = await runCommandAt(url, accountCreateCommand, { args: [made.accountId] });
  expect(printed[0]).toBe(line);
});

test('a refusal for what the records have is a failure', async () => {
  const url = await adminServer({ __type: 'InvalidParameterValue', message: 'it exists' }, 400);
  const running = runCommandAt(url, accountCreateCommand, { args: ['210987654321'] });
  await expect(running).rejects.toMatchObject({ name: 'ApiError', message: 'it exists' });
});
