import { setTimeout } from 'node:timers/promises';
import type { AdminResult } from '@bakehouse/admin-api';
import { messageOf } from '@bakehouse/base';
import type { AdminHandler } from '@bakehouse/orchestration';
import type { FoundLeftover, Leftover } from './find-leftovers.ts';

/** Work that is just ending may still hold something, so a leftover is what two looks find. */
const secondLookMs = 1_500;

export interface LookOptions {
  readonly fix: boolean;
  /** Between the two looks. */
  readonly pause?: () => Promise<unknown>;
}

const withoutWork = ({ kind, name, problem, remedy }: FoundLeftover): Leftover => ({
  kind,
  name,
  problem,
  remedy,
});

/** Looks for leftovers, twice when there are any. With `fix`, removes them and looks again. */
export async function lookForLeftovers(
  look: () => Promise<readonly FoundLeftover[]>,
  { fix, pause = () => setTimeout(secondLookMs) }: LookOptions,
): Promise<AdminResult<'Leftovers'>> {
  const keyOf = ({ kind, name }: Leftover) => `${kind} ${name}`;
  const first = new Set((await look()).map(keyOf));
  if (first.size === 0) return { leftovers: [], removed: 0 };
  await pause();
  const found = (await look()).filter((leftover) => first.has(keyOf(leftover)));
  if (!fix || found.length === 0) return { leftovers: found.map(withoutWork), removed: 0 };
  const failures = new Map<string, string>();
  for (const leftover of found) {
    // One that cannot be removed must not keep the others.
    await leftover.remove?.().catch((error: unknown) => {
      failures.set(keyOf(leftover), messageOf(error));
    });
  }
  const keys = new Set(found.map(keyOf));
  const left = (await look()).filter((leftover) => keys.has(keyOf(leftover)));
  const leftovers = left.map((leftover) => {
    const failure = failures.get(keyOf(leftover));
    const { problem, ...rest } = withoutWork(leftover);
    return {
      ...rest,
      problem: failure === undefined ? problem : `${problem}; cannot remove it: ${failure}`,
    };
  });
  return { leftovers, removed: found.length - left.length };
}

/** The operator's call behind `bakehouse doctor`: only the running server can read its records. */
export const leftoversHandler =
  (look: () => Promise<readonly FoundLeftover[]>): AdminHandler<'Leftovers'> =>
  (_, { fix = false }) =>
    lookForLeftovers(look, { fix });
