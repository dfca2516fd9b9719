import * as v from 'valibot';
import { listSchema } from '../schema.ts';

export const accountCalls = {
  /** A new account with an access key; for an account that exists, a further key. */
  AccountCreate: {
    input: v.strictObject({
      /** Drawn when absent. */
      accountId: v.exactOptional(v.pipe(v.string(), v.regex(/^\d{12}$/, 'must have 12 digits'))),
      name: v.exactOptional(v.pipe(v.string(), v.minLength(1), v.maxLength(255))),
    }),
    result: v.object({
      accountId: v.string(),
      name: v.string(),
      accessKeyId: v.string(),
      /** Shown in this result only. */
      secretAccessKey: v.string(),
    }),
  },
  /** Accounts and the public halves of their keys. */
  AccountList: {
    input: v.strictObject({}),
    result: v.object({
      accounts: listSchema(
        v.object({
          accountId: v.string(),
          name: v.string(),
          ownerAlias: v.exactOptional(v.string()),
          accessKeyIds: listSchema(v.string()),
        }),
      ),
    }),
  },
};
