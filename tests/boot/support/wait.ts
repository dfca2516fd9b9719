import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  readonly limitMs?: number;
  readonly everyMs?: number;
}

/** Asks until there is an answer other than undefined and false; a probe that throws was an early one. */
export async function until<Value>(
  what: string,
  probe: () => Promise<Value | undefined | false>,
  { limitMs = 120_000, everyMs = 500 }: WaitOptions = {},
): Promise<Value> {
  let last: unknown = 'the probe said no';
  for (const deadline = Date.now() + limitMs; Date.now() < deadline; await sleep(everyMs)) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = 'the probe said no';
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`not within ${limitMs / 1000} s: ${what}`, { cause: last });
}
