import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { claimedIdentity, type SignedRequest } from '@bakehouse/aws-wire';
import type { IdSource, Logger } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import { UsageError } from '../config.ts';
import type { Authenticate, Caller } from './caller.ts';
import { errorReply, publicError } from './error-reply.ts';
import { type Reply, readBody, sendReply, signedRequest } from './exchange.ts';
import { checkHost, refuseWebPage } from './web-pages.ts';

export interface ServiceRequest {
  readonly signed: SignedRequest;
  readonly caller: Caller;
  readonly requestId: string;
  readonly response: ServerResponse;
}

/** Answers a request, or has answered it already through `response` and says undefined. */
export type Service = (request: ServiceRequest) => Promise<Reply | undefined>;

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly authenticate: Authenticate;
  /** True when `authenticate` takes callers at their word (`--auth open`). */
  readonly trusting: boolean;
  /** By the service name in the credential scope. */
  readonly services: Readonly<Record<string, Service>>;
  /** Unsigned requests, by method and path: health, reset. */
  readonly open: Readonly<Record<string, () => Promise<Reply>>>;
}

/** Time for a whole request to arrive, against slow senders. */
const requestTimeoutMs = 30_000;
const headersTimeoutMs = 15_000;

export interface Listener {
  readonly url: string;
  /** Lets requests under way finish, for as long as `limitMs`. */
  close(limitMs: number): Promise<void>;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: ListenerOptions,
): Promise<void> {
  const requestId = options.ids.uuid();
  const logger = options.logger.with({ requestId });
  let signed: SignedRequest | undefined;
  try {
    const open = openRoute(request, options);
    if (open) return sendReply(response, await open(), requestId);
    signed = signedRequest(request, await readBody(request));
    const caller = await options.authenticate(signed);
    const { service } = caller;
    const serve = Object.hasOwn(options.services, service) ? options.services[service] : undefined;
    if (!serve) throw unknownService(service, options.services);
    const reply = await serve({ signed, caller, requestId, response });
    if (reply) sendReply(response, reply, requestId);
  } catch (error) {
    const told = publicError(error, logger);
    if (response.headersSent) response.destroy();
    else sendReply(response, errorReply(told, namedService(signed), requestId), requestId);
  }
}

/** The service that a request names, verified or not: it decides how an error looks. */
function namedService(signed: SignedRequest | undefined): string {
  try {
    return signed ? claimedIdentity(signed).service : 'ec2';
  } catch {
    return 'ec2';
  }
}

function openRoute(request: IncomingMessage, options: ListenerOptions) {
  const path = (request.url ?? '/').split('?')[0];
  const route = `${request.method} ${path}`;
  const open = Object.hasOwn(options.open, route) ? options.open[route] : undefined;
  if (open || options.trusting) {
    checkHost(request.headers, options.host);
    // A page may fetch what only tells, but cannot read it under a name that is not its own.
    if (!open || request.method !== 'GET') refuseWebPage(request.headers);
  }
  return open;
}

function unknownService(service: string, services: ListenerOptions['services']) {
  return apiError('UnsupportedOperation', {
    message: `The service '${service}' is not served here; this endpoint serves ${Object.keys(services).join(', ')}`,
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

/** One port for every service: authenticate, route by the signature's service, answer. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const server = createServer({
    requestTimeout: requestTimeoutMs,
    headersTimeout: headersTimeoutMs,
  });
  server.on('request', (request, response) => {
    void answer(request, response, options);
  });
  server.keepAliveTimeout = 65_000;
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
