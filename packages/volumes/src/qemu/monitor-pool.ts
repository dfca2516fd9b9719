import { allEnded } from '@bakehouse/base';
import { connectQmp, type JsonObject, type QmpClient, QmpClosedError } from '@bakehouse/qmp';

/** What this package needs of a QMP connection. */
export type Monitor = Pick<QmpClient, 'execute' | 'onEvent'>;

/** Connects to the monitor at a socket; rejects with QmpClosedError when nobody answers there. */
export type ConnectMonitor = (socketPath: string) => Promise<QmpClient>;

interface Entry {
  readonly client: Promise<QmpClient>;
  users: number;
}

/**
 * Shares one connection per monitor among all who use it at the same time: QEMU serves one client per monitor. The
 * last user closes the connection, so that another control plane finds the monitor free.
 */
export class MonitorPool {
  readonly #entries = new Map<string, Entry>();
  readonly #connect: ConnectMonitor;

  constructor(connect: ConnectMonitor) {
    this.#connect = connect;
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

  /** As `use`, and resolves to undefined when nobody answers there. Rejects when the connection is lost later. */
  async visit<Result>(
    socketPath: string,
    work: (monitor: Monitor) => Promise<Result>,
  ): Promise<{ readonly result: Result } | undefined> {
    let isConnected = false;
    try {
      const result = await this.use(socketPath, async (monitor) => {
        isConnected = true;
        return work(monitor);
      });
      return { result };
    } catch (error) {
      if (isConnected || !(error instanceof QmpClosedError)) throw error;
      return undefined;
    }
  }

  #open(socketPath: string): Entry {
    const client = this.#connect(socketPath);
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

/** A pool of QMP connections; `timeoutMs` is for connecting, and for each command without a limit of its own. */
export function qmpMonitors(timeoutMs: number): MonitorPool {
  return new MonitorPool((socketPath) => connectQmp({ socketPath, timeoutMs }));
}

export type QmpCommand = readonly [command: string, args: JsonObject];

/**
 * Sends all commands at once, which saves a round trip for each; QEMU runs them in this order. Resolves when all are
 * done. Rejects with the first failure when all have ended: those after it ran all the same.
 */
export async function executeAll(monitor: Monitor, commands: readonly QmpCommand[]): Promise<void> {
  await allEnded(commands.map(([command, args]) => monitor.execute(command, args)));
}
