import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from '@bakehouse/base';
import { answerRequest } from './answer-request.ts';
import { limitConnections } from './connection-limits.ts';
import { readDocument } from './document-folder.ts';
import { hopLimitHeader, hopLimitText, plainHeader } from './hop-limit.ts';
import {
  errorReply,
  type MetadataReply,
  type ReplyStatus,
  replyReasons,
} from './metadata-reply.ts';

export interface AgentOptions {
  /** The folder with a document per guest address. */
  readonly documents: string;
  readonly tokenKey: Uint8Array;
  readonly now: () => number;
  readonly logger: Logger;
  /** For tests that do not want to wait as long as a slow guest may. */
  readonly limits?: Partial<typeof agentLimits>;
}

/** Guests are hostile: what they may send, how often and how slowly is bounded. */
export const agentLimits = {
  headerBytes: 8 * 1024,
  headersMs: 5_000,
  /** EC2's own service takes few connections of an instance at once, too. */
  connectionsPerAddressMax: 32,
  connectionsMax: 2048,
  connectionMs: 15_000,
};

interface Sent {
  readonly reply: MetadataReply;
  readonly method: string;
  /** Of replies to PUT only; see `hop-limit.ts` for why it comes first. */
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

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { documents, tokenKey, now }: AgentOptions,
): Promise<void> {
  const method = request.method ?? '';
  // Who asks is the network's word, never the guest's: a port lets no other source address in.
  const document = await readDocument(documents, request.socket.remoteAddress ?? '');
  if (document === undefined) {
    request.socket.destroy();
    return;
  }
  const asked = {
    method,
    target: request.url ?? '',
    header(name: string) {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
  };
  const reply = answerRequest(document, asked, { tokenKey, nowMs: now() });
  const hopLimit = document.metadata.httpPutResponseHopLimit;
  send(response, { reply, method, ...(method === 'PUT' ? { hopLimit } : {}) });
}

const statusOfError: Readonly<Record<string, ReplyStatus>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/**
 * Says why, if it can, to who sent what is no request. With one hop: an answer to a PUT before it may still be on
 * its way, and would travel as far as the first reply of its connection.
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

/** The metadata service; the caller makes it listen. */
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
  // What comes after the first request of a connection is not looked at.
  server.on('dropRequest', () => {});
  server.on('clientError', refuse);
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    // The answer depends on no body, and the connection ends with it.
    request.resume();
    request.on('error', () => {});
    response.on('error', () => {});
    answer(request, response, options).catch((error: unknown) => {
      const { remoteAddress } = request.socket;
      logger.log('error', 'a guest could not be answered', { address: remoteAddress, error });
      if (response.headersSent) request.socket.destroy();
      else send(response, { reply: errorReply(500), method: request.method ?? '', hopLimit: 1 });
    });
  };
  server.on('request', serve);
  server.on('checkContinue', serve);
  server.on('checkExpectation', serve);
  return server;
}
