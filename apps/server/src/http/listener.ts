import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { adminService, type Reply, type RequestBody, type RequestHead } from '@bakehouse/aws-wire';
import { type IdSource, type Logger, MiB, secondMs } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import { UsageError } from '../config.ts';
import { byteBudget } from './byte-budget.ts';
import type { Authenticate, Caller } from './caller.ts';
import { inTurn, limitPeers } from './connections.ts';
import { errorReply, publicError } from './error-reply.ts';
import { checkedBody, incomingBody } from './incoming-body.ts';
import { requestHead } from './request-head.ts';
import { sendReply } from './send-reply.ts';
import { checkHostHeader, refuseWebPage } from './web-pages.ts';

export interface ServiceRequest {
  readonly head: RequestHead;
  /** Checked against the signature while it is read. */
  readonly body: RequestBody;
  readonly caller: Caller;
  readonly requestId: string;
  readonly response: ServerResponse;
}

/** Returns the reply to a request; undefined when it has replied through `response` itself. */
export type Service = (request: ServiceRequest) => Promise<Reply | undefined>;

/**
 * Takes over a request that another server is to answer, before anything of it is read. Undefined, or resolved with
 * false: this server serves it.
 */
export type Divert = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<boolean> | undefined;

/** `authenticate` and `services` are looked up for each request: a standby has none. */
export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly authenticate: Authenticate;
  /** True when `authenticate` verifies no signature (`--auth open`). */
  readonly trusting: boolean;
  /** By the service name in the credential scope. */
  readonly services: Readonly<Record<string, Service>>;
  /** Unsigned requests, by method and path: health, reset. */
  readonly open: Readonly<Record<string, () => Promise<Reply>>>;
  readonly divert?: Divert;
}

/** Time for a whole request to arrive, against slow senders. */
const requestTimeoutMs = 30 * secondMs;
const headersTimeoutMs = 15 * secondMs;
const keepAliveTimeoutMs = 65 * secondMs;

/**
 * Bounds on what unsigned clients can make the server hold in memory. Each connection may hold up to
 * 64 KiB of a body and as much of a reply; what exceeds that shares the totals.
 */
const connectionLimits = { total: 1024, perPeer: 768 };
const bodyBytesTotal = 32 * MiB;
const replyBytesTotal = 64 * MiB;
const replyStreamsTotal = 16;
/** Requests that a connection may have sent ahead. */
const waitingMax = 32;

export interface Listener {
  readonly url: string;
  /** Lets requests under way finish, for as long as `limitMs`. */
  close(limitMs: number): Promise<void>;
}

function answerer(options: ListenerOptions) {
  const bodies = byteBudget(bodyBytesTotal);
  const replies = { bytes: byteBudget(replyBytesTotal), streams: byteBudget(replyStreamsTotal) };
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = options.ids.uuid();
    const logger = options.logger.with({ requestId });
    const head = requestHead(request);
    const expectsContinue = head.headers.expect !== undefined;
    const body = incomingBody(request, response, { budget: bodies, expectsContinue });
    try {
      const diverted = options.divert?.(request, response);
      if (diverted && (await diverted)) return;
      const reply = await replyTo({ request, response, head, body, requestId }, options);
      if (reply) await sendReply(response, reply, replies);
    } catch (error) {
      const reported = publicError(error, logger);
      if (response.headersSent) response.destroy();
      else await sendReply(response, errorReply(reported, head, requestId), replies);
    } finally {
      body.release();
    }
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly head: RequestHead;
  readonly body: RequestBody;
  readonly requestId: string;
}

async function replyTo(
  { request, response, head, body, requestId }: Exchange,
  options: ListenerOptions,
): Promise<Reply | undefined> {
  const open = openRoute(request, options);
  if (open) return open();
  const { caller, payload } = await options.authenticate(head, body);
  const { services } = options;
  const serve = Object.hasOwn(services, caller.service) ? services[caller.service] : undefined;
  if (!serve) throw unknownService(caller.service, services);
  return serve({ head, body: checkedBody(body, payload), caller, requestId, response });
}

function openRoute(request: IncomingMessage, options: ListenerOptions) {
  const path = (request.url ?? '/').split('?')[0];
  const route = `${request.method} ${path}`;
  const open = Object.hasOwn(options.open, route) ? options.open[route] : undefined;
  if (open || options.trusting) {
    checkHostHeader(request.headers, options.host);
    // A page may request what only reports, but cannot read it under a name that is not its own.
    if (!open || request.method !== 'GET') refuseWebPage(request.headers);
  }
  return open;
}

function unknownService(service: string, services: ListenerOptions['services']) {
  const served = Object.keys(services).filter((name) => name !== adminService);
  return apiError('UnsupportedOperation', {
    message: `The service '${service}' is not served here; this endpoint serves ${served.join(', ')}`,
  });
}

const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this host has no such address',
  EACCES: 'this user may not listen there',
};

function listenError(cause: Error, where: string): Error {
  const problem = 'code' in cause ? listenProblems[String(cause.code)] : undefined;
  if (!problem) return cause;
  return new UsageError(
    `cannot listen on ${where}: ${problem}; name another by --listen, port 0 takes a free one`,
    { cause },
  );
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(cause, `${host}:${port}`)));
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

/** Serves all services on one port: authenticates, routes by the signature's service, sends the reply. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const server = createServer({
    requestTimeout: requestTimeoutMs,
    headersTimeout: headersTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: 5 * secondMs,
  });
  const answer = inTurn(waitingMax, answerer(options));
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch((error: unknown) => {
      options.logger.log('error', 'a request was not answered', { error });
      response.destroy();
    });
  };
  server.on('request', onRequest);
  // Handled like any other request; `100 Continue` is sent when the body is needed.
  server.on('checkContinue', onRequest);
  limitPeers(server, connectionLimits, options.logger);
  await listen(server, options.host, options.port);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    async close(limitMs) {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), limitMs);
      await closed;
      clearTimeout(timer);
    },
  };
}
