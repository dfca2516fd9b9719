import { apiError } from '@bakehouse/domain';
import { createAccount, newAccessKey } from '../platform/accounts.ts';
import type { AdminInput, AdminOperation } from './admin-operation.ts';

function accountIdOf(input: AdminInput): string {
  const { accountId } = input;
  if (accountId === undefined) {
    return String(100_000_000_000 + Math.floor(Math.random() * 899_999_999_999));
  }
  if (typeof accountId === 'string' && /^\d{12}$/.test(accountId)) return accountId;
  throw apiError('InvalidParameterValue', { message: 'accountId must have 12 digits' });
}

/** A new account with a key; for an account that exists, a further key. The secret is shown here only. */
export const accountCreate: AdminOperation = async function* (context, input) {
  const id = accountIdOf(input);
  const name = typeof input.name === 'string' ? input.name : `account ${id}`;
  const now = context.clock.now();
  yield await context.metadata.write(async (tx) => {
    const made = await createAccount(tx, { id, name, now });
    if (!made.key && input.name !== undefined && input.name !== made.account.name) {
      throw apiError('InvalidParameterValue', {
        message: `Account ${id} exists and is called '${made.account.name}'; leave the name out for a further key`,
      });
    }
    const key = made.key ?? newAccessKey(id, now);
    await tx.put('accessKey', key);
    const { account } = made;
    return {
      accountId: account.id,
      name: account.name,
      accessKeyId: key.id,
      secretAccessKey: key.secret,
    };
  });
};

/** Accounts and the public halves of their keys. */
export const accountList: AdminOperation = async function* (context) {
  yield await context.metadata.read(async (tx) => {
    const keys = await tx.list('accessKey');
    const accounts = await tx.list('account');
    return {
      accounts: accounts.map((account) => ({
        accountId: account.id,
        name: account.name,
        ...(account.ownerAlias ? { ownerAlias: account.ownerAlias } : {}),
        accessKeyIds: keys.filter((key) => key.accountId === account.id).map((key) => key.id),
      })),
    };
  });
};
