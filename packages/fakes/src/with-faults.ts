import type { FaultPlan } from './faults.ts';
import { Life } from './life.ts';

export interface FaultyPortOptions {
  /** How rules name the port. */
  readonly name: string;
  readonly plan: FaultPlan;
  /** What a `crash` ends; ports of one process share it. */
  readonly life?: Life;
}

/** Members that return at once, without a promise, and so cannot fail outside. */
const synchronous: ReadonlySet<string> = new Set(['watch', 'now']);

/**
 * The port, some of whose calls go wrong as the plan says. After the end of its life its calls have no
 * effect and never settle, and functions that were passed to it are called no more.
 */
export function withFaults<Port extends object>(port: Port, options: FaultyPortOptions): Port {
  const { name, plan, life = new Life() } = options;
  return new Proxy(port, {
    get(target, member) {
      const value: unknown = Reflect.get(target, member);
      if (typeof value !== 'function' || typeof member === 'symbol') return value;
      const call = (...args: unknown[]): unknown =>
        Reflect.apply(
          value,
          target,
          args.map((arg) => guardCallbacks(arg, life)),
        );
      if (synchronous.has(member)) return call;
      return async (...args: unknown[]) => {
        if (life.isOver) return life.never();
        const planned = plan.next(name, member);
        if (planned?.fault === 'before') throw planned.error;
        if (planned?.fault === 'crash') {
          // What the call refuses, its caller does not hear of either.
          await Promise.allSettled([new Promise((resolve) => resolve(call(...args)))]);
          life.end();
          return life.never();
        }
        const result = await life.whileAlive(Promise.resolve(call(...args)));
        if (planned?.fault === 'after') throw planned.error;
        return result;
      };
    },
  });
}

/** Functions, also those in an options object, fall silent when the life ends. */
function guardCallbacks(arg: unknown, life: Life): unknown {
  if (typeof arg === 'function') {
    return (...args: unknown[]): unknown =>
      life.isOver ? life.never() : Reflect.apply(arg, undefined, args);
  }
  if (arg === null || typeof arg !== 'object' || Object.getPrototypeOf(arg) !== Object.prototype) {
    return arg;
  }
  const hasCallback = Object.values(arg).some((value) => typeof value === 'function');
  if (!hasCallback) return arg;
  return Object.fromEntries(
    Object.entries(arg).map(([key, value]) => [key, guardCallbacks(value, life)]),
  );
}
