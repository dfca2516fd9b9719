import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { byteBudget } from './byte-budget.ts';
import { incomingBody } from './incoming-body.ts';

test('the body of a client that has left before it is read is refused', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const requested = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc');
  const [request, response] = await requested;
  const gone = new Promise((resolve) => request.socket.on('close', resolve));
  client.destroy();
  await gone;
  const budget = byteBudget(1);
  const body = incomingBody(request, response, { budget, expectsContinue: false });
  await expect(body.bytes()).rejects.toMatchObject({ code: 'InvalidRequest' });
});
