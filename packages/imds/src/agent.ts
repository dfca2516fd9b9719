import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { answerRequest, type MetadataReply } from './answer-request.ts';
import { readDocument } from './document-folder.ts';

export interface AgentOptions {
  readonly documents: string;
  readonly tokenKey: Uint8Array;
  readonly now: () => number;
}

/** Guests are hostile: what they may send and how long they may take is bounded. */
const limits = { headerBytes: 8 * 1024, headersMs: 5_000, requestMs: 10_000, idleMs: 30_000 };
const connectionsMax = 512;

function send(response: ServerResponse, reply: MetadataReply, method: string): void {
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
  response.writeHead(reply.status, {
    server: 'EC2ws',
    'content-type': reply.contentType,
    'content-length': body.byteLength,
    ...reply.headers,
  });
  response.end(method === 'HEAD' ? undefined : body);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { documents, tokenKey, now }: AgentOptions,
): Promise<void> {
  const method = request.method ?? 'GET';
  // Who asks is the network's word, never the guest's: the bridge lets no other source address in.
  const document = await readDocument(documents, request.socket.remoteAddress ?? '');
  if (!document)
    return send(response, { status: 404, contentType: 'text/plain', body: '' }, method);
  const asked = {
    method,
    target: request.url ?? '/',
    header(name: string) {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
  };
  send(response, answerRequest(document, asked, { tokenKey, nowMs: now() }), method);
}

/** The metadata service; the caller makes it listen. */
export function createAgent(options: AgentOptions): Server {
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
  });
  server.maxConnections = connectionsMax;
  server.on('request', (request, response) => {
    request.resume();
    answer(request, response, options).catch(() => {
      if (!response.headersSent)
        send(response, { status: 500, contentType: 'text/plain', body: '' }, '');
    });
  });
  return server;
}
