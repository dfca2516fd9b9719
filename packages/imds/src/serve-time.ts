import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Logger } from '@bakehouse/base';
import { timeReply } from './time-reply.ts';

export interface TimeOptions {
  readonly address: string;
  /** 0 is any that is free. */
  readonly port: number;
  readonly logger: Logger;
}

/** Binds the port of the time, which may need the rights of root. Nothing that comes in has an effect yet. */
export async function bindTime({ address, port, logger }: TimeOptions): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, address);
  await once(socket, 'listening');
  socket.on('error', (error) => logger.log('error', 'time service failed', { error }));
  return socket;
}

/** Serves the host's time by NTP, as EC2 does at 169.254.169.123. */
export function serveTime(socket: Socket, now: () => number): void {
  socket.on('message', (request, from) => {
    const reply = timeReply(request, now());
    // A guest that has gone gets no reply.
    if (reply) socket.send(reply, from.port, from.address, () => {});
  });
}
