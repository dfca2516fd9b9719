import { once } from 'node:events';
import { createServer, request as httpRequest, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { forwardedHeader, forwardRequest } from './forward-request.ts';

async function listening(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.on('checkContinue', answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that forwards all to the address. */
const forwarding = (
  address: string,
  outcomes: boolean[] = [],
  ended = new AbortController().signal,
) =>
  listening(async (request, response) => {
    const isForwarded = await forwardRequest(request, response, address, ended).catch(
      (error: Error) => void response.writeHead(503).end(error.message),
    );
    if (isForwarded === undefined) return;
    outcomes.push(isForwarded);
    if (!isForwarded) response.writeHead(503).end(await text(request));
  });

test('a request arrives as it was sent, and the reply comes back as it is', async () => {
  const active = await listening(async (request, response) => {
    const { host, authorization, [forwardedHeader]: mark } = request.headers;
    const seen = { method: request.method, url: request.url, host, authorization, mark };
    response.writeHead(418, { 'x-amzn-requestid': 'id' });
    response.end(JSON.stringify({ ...seen, body: await text(request) }));
  });
  const standby = await forwarding(active);
  const headers = { authorization: 'AWS4-HMAC-SHA256 …'.slice(0, 16) };
  const reply = await fetch(`${standby}/a?b=%20c`, { method: 'POST', body: 'body', headers });
  expect([reply.status, reply.headers.get('x-amzn-requestid')]).toEqual([418, 'id']);
  expect(await reply.json()).toEqual({
    method: 'POST',
    url: '/a?b=%20c',
    host: new URL(standby).host,
    authorization: headers.authorization,
    mark: '1',
    body: 'body',
  });
});

test('of a request to a server that cannot be reached nothing is read', async () => {
  const outcomes: boolean[] = [];
  const standby = await forwarding('http://127.0.0.1:1', outcomes);
  const reply = await fetch(standby, { method: 'POST', body: 'still there' });
  expect([reply.status, await reply.text(), outcomes]).toEqual([503, 'still there', [false]]);
});

test('a client that waits for 100 Continue gets it from the server that serves it', async () => {
  const active = await listening(async (request, response) => {
    if (request.url === '/refused') return response.writeHead(403).end();
    response.writeContinue();
    return response.end(await text(request));
  });
  const standby = await forwarding(active);
  const send = async (path: string) => {
    const headers = { expect: '100-continue', 'content-length': 4 };
    const request = httpRequest(`${standby}${path}`, { method: 'PUT', headers });
    request.on('continue', () => request.end('body'));
    request.flushHeaders();
    const [response] = await once(request, 'response');
    const body = await text(response);
    request.destroy();
    return [response.statusCode, body, response.headers.connection];
  };
  expect(await send('/taken')).toEqual([200, 'body', 'keep-alive']);
  expect(await send('/refused')).toEqual([403, '', 'close']);
});

test('when the other server ends during its reply, so does the connection', async () => {
  const active = await listening((_, response) => {
    response.write('half of it');
    setImmediate(() => response.destroy());
  });
  const standby = await forwarding(active);
  const reading = fetch(standby).then((reply) => reply.text());
  await expect(reading).rejects.toThrow();
});

test('a request that waits for its reply is refused when the other server is not active any more', async () => {
  const arrived = Promise.withResolvers<void>();
  const active = await listening((request) => {
    request.once('data', () => arrived.resolve());
  });
  const ended = new AbortController();
  const standby = await forwarding(active, [], ended.signal);
  // Not even its body has ended.
  const request = httpRequest(standby, { method: 'POST' });
  const replied = once(request, 'response');
  request.write('half of it');
  await arrived.promise;
  ended.abort();
  const [reply] = await replied;
  expect([reply.statusCode, await text(reply)]).toEqual([
    503,
    expect.stringContaining('ended before it replied'),
  ]);
  request.destroy();
});

test('a reply that has begun is cut off when the other server is not active any more', async () => {
  const active = await listening((_, response) => void response.write('half of it'));
  const ended = new AbortController();
  const standby = await forwarding(active, [], ended.signal);
  const reply = await fetch(standby);
  ended.abort();
  await expect(reply.text()).rejects.toThrow();
});
