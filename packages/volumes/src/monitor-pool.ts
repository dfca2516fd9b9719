import { connectQmp, type JsonObject, type QmpClient } from '@bakehouse/qmp';

/** What the rest of this package needs of a QMP connection. */
export interface Monitor {
  execute(command: string, args?: JsonObject): Promise<unknown>;
}

interface Entry {
  readonly client: Promise<QmpClient>;
  users: number;
}

/**
 * Shares one connection per monitor among all who use it at a time: QEMU serves one client per monitor.
 * The connection ends with its last user, so that nothing is held that the control plane does not use.
 */
export class MonitorPool {
  readonly #entries = new Map<string, Entry>();
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Rejects with QmpClosedError when nobody answers there. */
  async use<Result>(
    socketPath: string,
    work: (monitor: Monitor) => Promise<Result>,
  ): Promise<Result> {
    const entry = this.#entries.get(socketPath) ?? this.#open(socketPath);
    entry.users += 1;
    try {
      return await work(await entry.client);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) await this.#close(socketPath, entry);
    }
  }

  #open(socketPath: string): Entry {
    const client = connectQmp({ socketPath, timeoutMs: this.#timeoutMs });
    const entry: Entry = { client, users: 0 };
    this.#entries.set(socketPath, entry);
    const forget = () => {
      if (this.#entries.get(socketPath) === entry) this.#entries.delete(socketPath);
    };
    client.then((connected) => connected.closed).then(forget, forget);
    return entry;
  }

  async #close(socketPath: string, entry: Entry): Promise<void> {
    if (this.#entries.get(socketPath) === entry) this.#entries.delete(socketPath);
    const client = await entry.client.catch(() => undefined);
    await client?.close();
  }
}
