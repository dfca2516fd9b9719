import { secondMs } from '@bakehouse/base';

/** Which failures of a step are followed by another try, how many times, and after what pause. */
export interface RetryRule {
  /** Codes of failures; `any` is for every code that no earlier rule of the step names. */
  readonly on: readonly string[] | 'any';
  /** So many tries in all, over restarts of the server too. Without a limit when absent. */
  readonly triesMax?: number;
  /**
   * No further try later than this after the first failure. Counted again after a restart of the server, as that may
   * be what caused the failure.
   */
  readonly withinMs?: number;
  readonly pauseMs: number;
  /** The pause doubles with each failure up to this; it stays the same when absent. */
  readonly pauseMsMax?: number;
  /** The workflow gives up its lanes for the pause, and comes back behind all that waits for them then. */
  readonly yields?: boolean;
}

/** For what must be done in the end: tried until it succeeds. */
export const untilDone: RetryRule = { on: 'any', pauseMs: 200, pauseMsMax: 30 * secondMs };

/** How a step has failed so far, since it last succeeded or the server started. */
export interface Tries {
  /** Failures by code; those of earlier servers too where a rule limits the number. */
  readonly counts: Readonly<Record<string, number>>;
  /** When each code first came up, in the engine's elapsed time. */
  readonly firstAt: Readonly<Record<string, number>>;
}

export const noTries: Tries = { counts: {}, firstAt: {} };

function ruleFor(rules: readonly RetryRule[], code: string): RetryRule | undefined {
  return rules.find(({ on }) => on === 'any' || on.includes(code));
}

export function countFailure(tries: Tries, code: string, elapsedMs: number): Tries {
  return {
    counts: { ...tries.counts, [code]: (tries.counts[code] ?? 0) + 1 },
    firstAt: { ...tries.firstAt, [code]: tries.firstAt[code] ?? elapsedMs },
  };
}

/** The pause that follows so many failures. */
export function pauseMs(rule: Pick<RetryRule, 'pauseMs' | 'pauseMsMax'>, failures: number): number {
  const doublings = rule.pauseMsMax === undefined ? 0 : Math.min(Math.max(failures - 1, 0), 30);
  return Math.min(rule.pauseMsMax ?? rule.pauseMs, rule.pauseMs * 2 ** doublings);
}

export interface NextTry {
  readonly rule: RetryRule;
  readonly pauseMs: number;
}

/** The try that follows a failure with this code, which `tries` counts already; undefined when none does. */
export function nextTry(
  rules: readonly RetryRule[],
  { code, tries, elapsedMs }: { code: string; tries: Tries; elapsedMs: number },
): NextTry | undefined {
  const rule = ruleFor(rules, code);
  if (!rule) return undefined;
  const codes = Object.keys(tries.counts).filter((each) => ruleFor(rules, each) === rule);
  const failures = codes.reduce((total, each) => total + (tries.counts[each] ?? 0), 0);
  if (rule.triesMax !== undefined && failures >= rule.triesMax) return undefined;
  const startedAt = Math.min(...codes.map((each) => tries.firstAt[each] ?? elapsedMs));
  if (rule.withinMs !== undefined && elapsedMs - startedAt >= rule.withinMs) return undefined;
  return { rule, pauseMs: pauseMs(rule, failures) };
}

/** The part of the counts that the row keeps: those that a rule's `triesMax` depends on. */
export function countsToKeep(
  rules: readonly RetryRule[],
  { counts }: Tries,
): Readonly<Record<string, number>> {
  const kept = Object.entries(counts).filter(
    ([code]) => ruleFor(rules, code)?.triesMax !== undefined,
  );
  return Object.fromEntries(kept);
}
