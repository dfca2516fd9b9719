import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  readonly connectionsMax: number;
  /** Keeps one guest from using all connections. */
  readonly connectionsPerAddressMax: number;
  /** From the first packet to the last, whichever part is slow. */
  readonly connectionMs: number;
}

/** Makes a server close connections that exceed the limits. */
export function limitConnections(server: Server, limits: ConnectionLimits): void {
  const counts = new Map<string, number>();
  server.maxConnections = limits.connectionsMax;
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (counts.get(address) ?? 0) + 1;
    if (count > limits.connectionsPerAddressMax) {
      socket.destroy();
      return;
    }
    counts.set(address, count);
    const deadline = setTimeout(() => socket.destroy(), limits.connectionMs);
    socket.once('close', () => {
      clearTimeout(deadline);
      const left = (counts.get(address) ?? 1) - 1;
      if (left === 0) counts.delete(address);
      else counts.set(address, left);
    });
  });
}
