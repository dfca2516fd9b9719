import { setTimeout } from 'node:timers/promises';
import { canPass } from './postgres-errors.ts';

const pauseMs = { first: 50, max: 1_000 };

interface Patience {
  /** Throws when there is no reason to go on. */
  readonly checkUsable: () => void;
  /** Gets the first failure, when the work is about to be repeated. */
  readonly onTrouble: (error: unknown) => void;
}

/** Repeats work that failed for a reason that can pass, with growing pauses. */
export async function untilItPasses<Result>(
  work: () => Promise<Result>,
  { checkUsable, onTrouble }: Patience,
): Promise<Result> {
  for (let attempt = 0; ; attempt += 1) {
    checkUsable();
    try {
      return await work();
    } catch (error) {
      if (!canPass(error)) throw error;
      if (attempt === 0) onTrouble(error);
    }
    const longest = Math.min(pauseMs.first * 2 ** attempt, pauseMs.max);
    await setTimeout(longest * (0.5 + Math.random() / 2));
  }
}
