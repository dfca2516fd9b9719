import { type Clock, secondMs } from '@bakehouse/base';
import { apiError, type Compute, type MachineLook } from '@bakehouse/domain';

/**
 * What becomes ready one after the other at a start, while requests are served already. `machines`: those of an
 * earlier server are found. `host`: helper processes and the network work, and the policy is in force. `work`: what
 * was begun continues.
 */
export const startParts = ['machines', 'host', 'work'] as const;

export type StartPart = (typeof startParts)[number];

/** Clients give up after 60 s without a word; after an error they try again. */
const requestLimitMs = 20 * secondMs;

interface Part {
  readonly ready: Promise<void>;
  readonly resolve: () => void;
}

/** How far the start of a control plane is. */
export class Startup {
  readonly #clock: Clock;
  readonly #parts: ReadonlyMap<StartPart, Part>;
  readonly #missing = new Set<StartPart>(startParts);

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#parts = new Map(
      startParts.map((part) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        return [part, { ready: promise, resolve }];
      }),
    );
  }

  /** The part that is being made ready now; undefined when all are. */
  get current(): StartPart | undefined {
    return startParts.find((part) => this.#missing.has(part));
  }

  /** Lets everything continue that waits for the part. */
  done(part: StartPart): void {
    this.#missing.delete(part);
    this.#parts.get(part)?.resolve();
  }

  /** Waits until the part is ready, but not longer than `limitMs`. Returns whether it is ready. */
  async wait(part: StartPart, limitMs: number): Promise<boolean> {
    if (!this.#missing.has(part)) return true;
    const limit = new AbortController();
    const late = this.#clock.sleep(limitMs, limit.signal).catch(() => {});
    await Promise.race([this.#parts.get(part)?.ready, late]);
    limit.abort();
    return !this.#missing.has(part);
  }

  /**
   * Waits until the part is ready. Rejects with `Unavailable`, which clients retry, when that takes longer than
   * `limitMs`: 20 s unless given.
   */
  async need(part: StartPart, limitMs: number = requestLimitMs): Promise<void> {
    if (await this.wait(part, limitMs)) return;
    throw apiError('Unavailable', {
      message: `The server is starting and not ready for this request: it waits for '${this.current}'. Try again later; GET /healthz says when the server is ready.`,
    });
  }
}

/** Machines as requests see them: what can only be known when they are found again waits for that. */
export function machinesWhenFound(compute: Compute, startup: Startup): MachineLook {
  const whenFound =
    <Args extends readonly unknown[], Result>(look: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await startup.need('machines');
      return await look(...args);
    };
  return {
    list: whenFound(() => compute.list()),
    stalled: whenFound(() => compute.stalled()),
    screenshot: whenFound((instanceId) => compute.screenshot(instanceId)),
    capacityFor: whenFound((memoryMiB, count) => compute.capacityFor(memoryMiB, count)),
    // From a file, with or without a machine.
    readConsole: (instanceId) => compute.readConsole(instanceId),
  };
}
