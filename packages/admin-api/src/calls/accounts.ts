import * as v from 'valibot';
import { listSchema } from '../schema.ts';

const nameProblem = 'must have 1 to 255 characters';

export const accountCalls = {
  /** A new account with an access key, also for an id that no account has; for an account that exists, a further key. */
  AccountCreate: {
    input: v.strictObject({
      /** Drawn when absent. */
      accountId: v.exactOptional(v.pipe(v.string(), v.regex(/^\d{12}$/, 'must have 12 digits'))),
      name: v.exactOptional(
        v.pipe(v.string(), v.minLength(1, nameProblem), v.maxLength(255, nameProblem)),
      ),
    }),
    result: v.object({
      accountId: v.string(),
      name: v.string(),
      /** False: the account existed, and the key is a further one. */
      isNew: v.boolean(),
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
