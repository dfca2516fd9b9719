import type { Random } from './seeded-random.ts';

/**
 * `before`: the call fails and has done nothing. `after`: it has done its work and fails all the same.
 * `crash`: it has done its work or refused it, and the caller is dead before it hears of it.
 */
export type Fault = 'before' | 'after' | 'crash';

export interface FaultRule {
  /** `compute`, `volumes` …; any when absent. */
  readonly port?: string;
  readonly member?: string;
  /** Which of the calls that match, the first being 1. */
  readonly call: number;
  readonly fault: Fault;
  readonly error?: Error;
}

export interface RandomFaults {
  readonly random: Random;
  /** Of each call, between 0 and 1. */
  readonly probability: number;
  readonly faults: readonly Fault[];
  /** `port.member`s that are spared, or whole `port`s. */
  readonly except?: readonly string[];
}

export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

/** Which calls go wrong: by rule, by seeded chance, or none. Remembers the calls that it was asked about. */
export class FaultPlan {
  /** `port.member` of every call so far. */
  readonly calls: string[] = [];
  readonly #rules: readonly FaultRule[];
  readonly #chance: RandomFaults | undefined;
  readonly #seen = new Map<FaultRule, number>();

  constructor(rules: readonly FaultRule[] = [], chance?: RandomFaults) {
    this.#rules = rules;
    this.#chance = chance;
  }

  /** Counts the call and returns what goes wrong with it. */
  next(port: string, member: string): { fault: Fault; error: Error } | undefined {
    const name = `${port}.${member}`;
    this.calls.push(name);
    const rule = this.#rules.filter((candidate) => this.#isDue(candidate, port, member))[0];
    const error = new InjectedFault(`injected at call ${this.calls.length}, ${name}`);
    if (rule) return { fault: rule.fault, error: rule.error ?? error };
    const chance = this.#chance;
    if (!chance || chance.except?.some((spared) => spared === name || spared === port)) return;
    if (chance.random.chance(chance.probability)) {
      return { fault: chance.random.pick(chance.faults), error };
    }
    return;
  }

  #isDue(rule: FaultRule, port: string, member: string): boolean {
    if (rule.port !== undefined && rule.port !== port) return false;
    if (rule.member !== undefined && rule.member !== member) return false;
    const count = (this.#seen.get(rule) ?? 0) + 1;
    this.#seen.set(rule, count);
    return count === rule.call;
  }
}
