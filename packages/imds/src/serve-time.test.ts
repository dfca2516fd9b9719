import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { silentLogger } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { bindTime, serveTime } from './serve-time.ts';

function request(sentAt: number): Uint8Array {
  const bytes = new Uint8Array(48);
  bytes[0] = 0b00_100_011;
  bytes[47] = sentAt;
  return bytes;
}

test('what comes in before the time is served gets no reply', async () => {
  const socket = await bindTime({ address: '127.0.0.1', port: 0, logger: silentLogger });
  const client = createSocket('udp4');
  const replies: Uint8Array[] = [];
  client.on('message', (reply) => replies.push(reply));
  const { port } = socket.address();
  const early = once(socket, 'message');
  client.send(request(1), port, '127.0.0.1');
  await early;
  serveTime(socket, () => 0);
  client.send(request(2), port, '127.0.0.1');
  await once(client, 'message');
  // Each reply repeats the time of its request.
  expect(replies.map((reply) => reply[31])).toEqual([2]);
  client.close();
  socket.close();
});
