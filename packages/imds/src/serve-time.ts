import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Logger } from '@bakehouse/base';
import { timeReply } from './time-reply.ts';

export interface TimeOptions {
  readonly address: string;
  readonly now: () => number;
  readonly logger: Logger;
}

const port = 123;

/** Serves the host's time by NTP, as EC2 does at 169.254.169.123. Rejects when the address cannot be listened at. */
export async function serveTime({ address, now, logger }: TimeOptions): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, address);
  await once(socket, 'listening');
  socket.on('error', (error) => logger.log('error', 'time service failed', { error }));
  socket.on('message', (request, from) => {
    const reply = timeReply(request, now());
    // A guest that has gone gets no reply.
    if (reply) socket.send(reply, from.port, from.address, () => {});
  });
  return socket;
}
