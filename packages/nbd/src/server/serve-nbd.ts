import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '@bakehouse/base';
import { listenPrivately } from '@bakehouse/host';
import { type ConnectionOptions, serveConnection } from './connection.ts';
import type { OpenExport } from './export-slot.ts';
import { defaultServerLimits, type NbdServerLimits } from './limits.ts';

export interface NbdServerOptions {
  /** Where to listen. A socket that a dead server left there is replaced. */
  readonly socketPath: string;
  /** Of the socket; 0600 if not given. Whoever may write to it may connect. */
  readonly socketMode?: number;
  /** Called once or more in each handshake; each device that it returns is closed once. */
  readonly openExport: OpenExport;
  readonly logger: Logger;
  readonly limits?: Partial<NbdServerLimits>;
}

export interface NbdServer {
  readonly socketPath: string;
  /** Clients connected now. */
  readonly connectionCount: number;
  /** Drops every client, closes their devices and removes the socket. May be called again. */
  close(): Promise<void>;
}

/** Serves read-only exports over fixed newstyle NBD on a Unix socket, any number of clients at a time. */
export async function serveNbd(options: NbdServerOptions): Promise<NbdServer> {
  const { socketPath, socketMode, logger } = options;
  const limits = { ...defaultServerLimits, ...options.limits };
  const connectionOptions: ConnectionOptions = {
    openExport: options.openExport,
    limits,
    logger,
  };
  const connections = new Map<Socket, Promise<void>>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const served = serveConnection(socket, connectionOptions);
    connections.set(
      socket,
      served.finally(() => connections.delete(socket)),
    );
  });
  server.maxConnections = limits.connectionsMax;
  server.on('error', (error) => logger.log('error', 'NBD server failed', { socketPath, error }));
  const listener = await listenPrivately(server, socketPath, socketMode);
  return {
    socketPath,
    get connectionCount() {
      return connections.size;
    },
    async close() {
      const stopped = stopListening(server);
      for (const socket of connections.keys()) socket.destroy();
      await Promise.all(connections.values());
      await stopped;
      await listener.remove();
    },
  };
}

function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The callback's error says that the server is closed already, which is what is wanted.
    server.close(() => resolve());
  });
}
