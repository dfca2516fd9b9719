import type { WorkflowId } from '@bakehouse/domain';

/** How many steps at once may use each limited resource of the host. Without an entry there is no limit. */
export type Widths = Readonly<Record<string, number>>;

export interface ShareRequest {
  readonly id: WorkflowId;
  /** True while other work waits behind this one. */
  readonly isUrgent: () => boolean;
  readonly signal: AbortSignal;
}

interface Waiter {
  readonly id: WorkflowId;
  readonly admit: () => void;
}

interface Queue {
  free: number;
  /** In order of arrival. */
  readonly waiting: Map<WorkflowId, Waiter>;
  /** Goes first: other work waits for these. */
  readonly urgent: Map<WorkflowId, Waiter>;
}

/**
 * Shares out the widths. A workflow that waits while other work waits behind it, say the launch of an instance that is
 * to be terminated already, goes before those that keep nobody waiting.
 */
export class Shares {
  readonly #queues: ReadonlyMap<string, Queue>;

  constructor(widths: Widths) {
    const queues = Object.entries(widths).map(
      ([resource, width]) =>
        [resource, { free: Math.max(1, width), waiting: new Map(), urgent: new Map() }] as const,
    );
    this.#queues = new Map(queues);
  }

  /** Resolves when the workflow has a share, with the function that gives it back. Rejects when aborted. */
  async take(
    resource: string | undefined,
    { id, isUrgent, signal }: ShareRequest,
  ): Promise<() => void> {
    const queue = resource === undefined ? undefined : this.#queues.get(resource);
    if (!queue) return () => {};
    signal.throwIfAborted();
    if (queue.free > 0) queue.free -= 1;
    else await this.#wait(queue, { id, isUrgent, signal });
    return () => this.#giveBack(queue);
  }

  /** Other work waits behind this one now. */
  makeUrgent(id: WorkflowId): void {
    for (const { waiting, urgent } of this.#queues.values()) {
      const waiter = waiting.get(id);
      if (!waiter) continue;
      waiting.delete(id);
      urgent.set(id, waiter);
    }
  }

  #wait(queue: Queue, { id, isUrgent, signal }: ShareRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        queue.waiting.delete(id);
        queue.urgent.delete(id);
        reject(signal.reason);
      };
      const admit = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      (isUrgent() ? queue.urgent : queue.waiting).set(id, { id, admit });
    });
  }

  #giveBack(queue: Queue): void {
    const [next] = queue.urgent.size > 0 ? queue.urgent.values() : queue.waiting.values();
    if (!next) {
      queue.free += 1;
      return;
    }
    queue.urgent.delete(next.id);
    queue.waiting.delete(next.id);
    next.admit();
  }
}
