import { type QmpClient, QmpClosedError, type QmpEvent } from '@bakehouse/qmp';

/** Keeps a machine's events from now on, for those who wait for them. */
export class EventWatch implements Disposable {
  readonly #events: QmpEvent[] = [];
  readonly #ended = new AbortController();
  readonly #stopListening: () => void;
  #changed = Promise.withResolvers<void>();

  constructor(client: QmpClient) {
    this.#stopListening = client.onEvent((event) => {
      this.#events.push(event);
      this.#wake();
    });
    void client.closed.then((fault) => {
      this.#ended.abort(new QmpClosedError('QEMU ended', { cause: fault }));
      this.#wake();
    });
  }

  /** The first event since the watch began, or since `after`, that matches. Rejects when the connection ends or the signal is aborted. */
  async until(
    matches: (event: QmpEvent) => boolean,
    { signal, after }: { readonly signal: AbortSignal; readonly after?: QmpEvent },
  ): Promise<QmpEvent> {
    const wake = () => this.#wake();
    signal.addEventListener('abort', wake);
    try {
      for (;;) {
        const begin = after ? this.#events.indexOf(after) + 1 : 0;
        const found = this.#events.slice(begin).find(matches);
        if (found) return found;
        signal.throwIfAborted();
        this.#ended.signal.throwIfAborted();
        await this.#changed.promise;
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  /** The last one that matches, if any has come. */
  last(matches: (event: QmpEvent) => boolean): QmpEvent | undefined {
    return this.#events.findLast(matches);
  }

  [Symbol.dispose](): void {
    this.#stopListening();
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}
