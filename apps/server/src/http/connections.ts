import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '@bakehouse/base';

export interface PeerLimits {
  readonly total: number;
  /** From one address. On loopback that is all of them. */
  readonly perPeer: number;
}

/** Closes connections beyond the limits as soon as they are made. */
export function limitPeers(server: Server, { total, perPeer }: PeerLimits, logger: Logger): void {
  server.maxConnections = total;
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const peer = socket.remoteAddress ?? '';
    const count = (open.get(peer) ?? 0) + 1;
    open.set(peer, count);
    socket.once('close', () => {
      const left = (open.get(peer) ?? 1) - 1;
      if (left === 0) open.delete(peer);
      else open.set(peer, left);
    });
    if (count <= perPeer) return;
    if (count === perPeer + 1) logger.log('warn', 'too many connections of one peer', { peer });
    socket.destroy();
  });
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Handles the requests of a connection one after another. A client may send its next request before
 * the first is answered; the connection of one that sends too many is closed.
 */
export function inTurn(waitingMax: number, answer: Answer): Answer {
  const queues = new WeakMap<Socket, { waiting: number; last: Promise<void> }>();
  return async (request, response) => {
    const { socket } = request;
    const queue = queues.get(socket);
    if (queue === undefined || queue.waiting === 0) {
      const first = { waiting: 1, last: answer(request, response) };
      queues.set(socket, first);
      return finishTurn(first);
    }
    if (queue.waiting > waitingMax) {
      socket.destroy();
      return;
    }
    queue.waiting += 1;
    queue.last = queue.last.then(() => (socket.destroyed ? undefined : answer(request, response)));
    return finishTurn(queue);
  };
}

async function finishTurn(queue: { waiting: number; readonly last: Promise<void> }): Promise<void> {
  try {
    await queue.last;
  } finally {
    queue.waiting -= 1;
  }
}
