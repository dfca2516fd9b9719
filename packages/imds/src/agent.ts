import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from '@bakehouse/base';
import { answerRequest } from './answer-request.ts';
import { limitConnections } from './connection-limits.ts';
import { readDocument } from './document-folder.ts';
import { hopLimitHeader, hopLimitText, plainHeader } from './hop-limit.ts';
import {
  type MetadataReply,
  type ReplyStatus,
  replyReasons,
  statusReply,
} from './metadata-reply.ts';

export interface AgentOptions {
  /** The folder with a document per guest address. */
  readonly documents: string;
  readonly tokenKey: Uint8Array;
  readonly now: () => number;
  readonly logger: Logger;
  /** For tests that must not wait as long as a slow guest may take. */
  readonly limits?: Partial<typeof agentLimits>;
}

/** Guests may be hostile: what they send, how often and how slowly is bounded. */
const agentLimits = {
  headerBytes: 8 * 1024,
  headersMs: 5_000,
  /** EC2's own service also accepts few connections of an instance at once. */
  connectionsPerAddressMax: 32,
  connectionsMax: 2048,
  connectionMs: 15_000,
};

interface Sent {
  readonly reply: MetadataReply;
  readonly method: string;
  /** Only in replies to PUT. It comes first for the reason in `hop-limit.ts`. */
  readonly hopLimit?: number;
}

function send(response: ServerResponse, { reply, method, hopLimit }: Sent): void {
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
  const first = hopLimit === undefined ? {} : { [hopLimitHeader]: hopLimitText(hopLimit) };
  response.writeHead(reply.status, replyReasons[reply.status], {
    ...first,
    [plainHeader]: 'EC2ws',
    'Content-Type': reply.contentType,
    'Accept-Ranges': 'none',
    'Content-Length': body.byteLength,
    ...reply.headers,
    Connection: 'close',
  });
  response.end(method === 'HEAD' ? undefined : body);
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { documents, tokenKey, now }: AgentOptions,
): Promise<void> {
  const method = request.method ?? '';
  // The source address identifies the guest: the network lets no other one through the guest's port.
  const document = await readDocument(documents, request.socket.remoteAddress ?? '');
  if (document === undefined) {
    request.socket.destroy();
    return;
  }
  const received = {
    method,
    target: request.url ?? '',
    header(name: string) {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
  };
  const reply = answerRequest(document, received, { tokenKey, nowMs: now() });
  const hopLimit = document.metadata.httpPutResponseHopLimit;
  send(response, { reply, method, ...(method === 'PUT' ? { hopLimit } : {}) });
}

const statusOfError: Readonly<Record<string, ReplyStatus>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/**
 * Replies to bytes that are no request with the reason, if the socket still takes it. The hop limit is 1: a reply to
 * an earlier PUT may still be on its way, and would travel as far as the first reply of its connection.
 */
function refuse(error: Error, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const code = 'code' in error ? String(error.code) : '';
  const status = statusOfError[code] ?? 400;
  const head = `HTTP/1.1 ${status} ${replyReasons[status]}\r\n${hopLimitHeader}: 01\r\n`;
  socket.end(`${head}Connection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.once('finish', () => socket.destroy());
}

/** The metadata service. The caller makes it listen. */
export function createAgent(options: AgentOptions): Server {
  const limits = { ...agentLimits, ...options.limits };
  const { logger } = options;
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.headersMs,
    connectionsCheckingInterval: Math.min(limits.headersMs, 1_000),
  });
  limitConnections(server, limits);
  server.maxRequestsPerSocket = 1;
  // Everything after the first request of a connection is ignored.
  server.on('dropRequest', () => {});
  server.on('clientError', refuse);
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    // The reply depends on no body, and the connection ends with it.
    request.resume();
    request.on('error', () => {});
    response.on('error', () => {});
    serve(request, response, options).catch((error: unknown) => {
      const { remoteAddress } = request.socket;
      logger.log('error', 'cannot reply to a guest', { address: remoteAddress, error });
      if (response.headersSent) request.socket.destroy();
      else send(response, { reply: statusReply(500), method: request.method ?? '', hopLimit: 1 });
    });
  };
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  server.on('checkExpectation', onRequest);
  return server;
}
