import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventsPath } from '@bakehouse/admin-api';
import { onTestFinished } from 'vitest';
import type { Connection } from '../client/connection.ts';
import { ec2Client } from '../client/ec2.ts';

/** The XML of a reply's members, an error, or a connection that breaks off. */
export type FakeReply = string | { readonly status: number; readonly code: string } | 'no reply';

export interface FakeServerOptions {
  /** How a request of EC2's query protocol ends. */
  readonly answer: (request: URLSearchParams) => FakeReply;
  /** What `GET /healthz` returns. */
  readonly health?: object;
}

const connectionTo = (endpoint: string): Connection => ({
  endpoint,
  accessKeyId: 'A',
  secretAccessKey: 'S',
  region: 'us-east-1',
  dataDirectory: '/data',
  platformOwner: 'amazon',
});

/** A client of whatever is at the endpoint. */
export async function connected(endpoint: string) {
  const connection = connectionTo(endpoint);
  return { connection, client: await ec2Client(connection) };
}

/** One reply after the other, the last one again and again. */
export function inTurn(...replies: readonly FakeReply[]): () => FakeReply {
  let count = 0;
  return () => replies[Math.min(count++, replies.length - 1)] ?? 'no reply';
}

function send(response: ServerResponse, reply: FakeReply): void {
  if (reply === 'no reply') {
    response.destroy();
    return;
  }
  const [status, body] =
    typeof reply === 'string'
      ? [200, `<Response><requestId>r</requestId>${reply}</Response>`]
      : [
          reply.status,
          `<Response><Errors><Error><Code>${reply.code}</Code><Message>${reply.code}</Message></Error></Errors><RequestID>r</RequestID></Response>`,
        ];
  response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
}

/** An HTTP server for one test. Returns its URL. */
export async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server whose reply to each admin call is this line, such as `{ result: … }`. Returns its URL. */
export function adminServer(reply: object, status = 200): Promise<string> {
  return listening((_, response) => {
    response.writeHead(status).end(`${JSON.stringify(reply)}\n`);
  });
}

/** A server for one test: the API as the test says, and events that begin and never come. Returns its URL. */
export function fakeServer({ answer, health }: FakeServerOptions): Promise<string> {
  return listening(async (request, response) => {
    if (request.method === 'POST') {
      send(response, answer(new URLSearchParams(await text(request))));
    } else if (request.url?.startsWith(eventsPath)) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: start\nid: a-1\ndata: {}\n\n');
    } else {
      response.end(JSON.stringify(health));
    }
  });
}

/** DescribeInstances of one instance. */
export const instanceXml = (id: string, state: string, reason = '') =>
  `<reservationSet><item><instancesSet><item><instanceId>${id}</instanceId><instanceState><name>${state}</name></instanceState><stateReason><message>${reason}</message></stateReason></item></instancesSet></item></reservationSet>`;
