import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '@bakehouse/base';
import { doorKey, type ShutDoor } from './door-messages.ts';
import type { Door } from './plan-doors.ts';

/** The listening sockets of the host that lead to guests. */
export class HostListeners {
  readonly #servers = new Map<string, Server>();
  readonly #onConnection: (door: Door, socket: Socket) => void;

  /** `onConnection` gets connections from which nothing was read. */
  constructor(onConnection: (door: Door, socket: Socket) => void) {
    this.#onConnection = onConnection;
  }

  /** Listens for these doors and for no others. Returns those that cannot be opened; call it again for another try. */
  async change(doors: readonly Door[]): Promise<readonly ShutDoor[]> {
    const wanted = new Map(doors.map((door) => [doorKey(door), door]));
    for (const [key, server] of this.#servers) {
      if (wanted.has(key)) continue;
      this.#servers.delete(key);
      await closed(server);
    }
    const shut: ShutDoor[] = [];
    for (const [key, door] of wanted) {
      if (this.#servers.has(key)) continue;
      try {
        this.#servers.set(key, await this.#listen(door));
      } catch (error) {
        shut.push({ door, why: messageOf(error) });
      }
    }
    return shut;
  }

  #listen(door: Door): Promise<Server> {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
      this.#onConnection(door, socket),
    );
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: door.address, port: door.hostPort, exclusive: true }, () => {
        server.removeListener('error', reject);
        // Accepting fails while this process has no descriptors left; the listener stays.
        server.on('error', () => {});
        resolve(server);
      });
    });
  }
}

/** No longer listens; connections that it took go on. */
function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {});
    resolve();
  });
}
