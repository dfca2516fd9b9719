import { accountCreate, accountList } from './accounts.ts';
import type { AdminHandlers } from './admin-handler.ts';
import { bakeCancel, bakeList, bakeStart } from './bakes.ts';
import { instanceFork } from './fork.ts';
import { hydrate } from './hydrate.ts';
import { instanceBoot } from './instance-boot.ts';
import { prune, verify } from './maintain.ts';
import { usage } from './usage.ts';
import { workflowDrop, workflowList, workflowRetry } from './workflows.ts';

/** The operator's calls, but for `Leftovers`, which only the composition root can answer. */
export const adminHandlers: Omit<AdminHandlers, 'Leftovers'> = {
  AccountCreate: accountCreate,
  AccountList: accountList,
  BakeCancel: bakeCancel,
  BakeList: bakeList,
  BakeStart: bakeStart,
  Hydrate: hydrate,
  InstanceBoot: instanceBoot,
  InstanceFork: instanceFork,
  Prune: prune,
  Usage: usage,
  Verify: verify,
  WorkflowDrop: workflowDrop,
  WorkflowList: workflowList,
  WorkflowRetry: workflowRetry,
};
