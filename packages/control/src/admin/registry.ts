import { accountCreate, accountList } from './accounts.ts';
import type { AdminOperation } from './admin-operation.ts';
import { bake } from './bake.ts';
import { hydrate } from './hydrate.ts';
import { prune, verify } from './maintain.ts';
import { usage } from './usage.ts';

/** The operator's calls, by the name in `X-Amz-Target: Bakehouse.NAME`. */
export const adminOperations: Readonly<Record<string, AdminOperation>> = {
  AccountCreate: accountCreate,
  AccountList: accountList,
  Bake: bake,
  Hydrate: hydrate,
  Prune: prune,
  Usage: usage,
  Verify: verify,
};
