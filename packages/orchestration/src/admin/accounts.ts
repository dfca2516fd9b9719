import { apiError } from '@bakehouse/domain';
import { createAccount, newAccessKey } from '../platform/accounts.ts';
import type { AdminHandler } from './admin-handler.ts';

const drawAccountId = () => String(100_000_000_000 + Math.floor(Math.random() * 899_999_999_999));

/** A new account with a key; for an account that exists, a further key. The secret is shown here only. */
export const accountCreate: AdminHandler<'AccountCreate'> = async (context, input) => {
  const { accountId: id = drawAccountId(), name = `account ${id}` } = input;
  const now = context.clock.now();
  return await context.metadata.write(async (tx) => {
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
      isNew: made.key !== undefined,
      accessKeyId: key.id,
      secretAccessKey: key.secret,
    };
  });
};

/** Accounts and the public halves of their keys. */
export const accountList: AdminHandler<'AccountList'> = async (context) => {
  return await context.metadata.read(async (tx) => {
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
