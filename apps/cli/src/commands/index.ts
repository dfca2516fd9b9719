import type { Command } from '../command.ts';
import { accountCreate, accountList } from './account.ts';
import { bake } from './bake.ts';
import { env } from './env.ts';
import { prune, verify } from './maintain.ts';
import { serve } from './serve.ts';
import { status } from './status.ts';
import { usage } from './usage.ts';

/** Every command, in the order that help lists them. */
export const commands: readonly Command[] = [
  serve,
  status,
  env,
  bake,
  usage,
  prune,
  verify,
  accountCreate,
  accountList,
];
