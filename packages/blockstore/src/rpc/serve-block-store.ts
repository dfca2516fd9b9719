import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Logger } from '@bakehouse/base';
import type { CaptureProgress, PrunableSnapshotStore, ReadReporter } from '@bakehouse/domain';
import { listenPrivately } from '@bakehouse/host';
import { blockSizeBytes } from '../format/block-size.ts';
import { encodeError } from './carried-error.ts';
import { type CallContext, rpcHandlers } from './rpc-handlers.ts';
import {
  type BlockPath,
  heartbeatMs,
  parseBlockPath,
  type RpcCalls,
  type RpcLine,
  type RpcName,
  type RpcPart,
  requestBytesMax,
  rpcNames,
} from './rpc-protocol.ts';

export interface BlockStoreServer {
  /** Ends every request; captures that run are aborted. */
  close(): Promise<void>;
}

interface ServedStore {
  readonly store: PrunableSnapshotStore;
  readonly reads: ReadReporter;
  readonly build: string;
}

const progressIntervalMs = 100;
const errorStatus = 409;

/**
 * Serves the store to the control plane on a Unix socket that only this user may open. A file that exists
 * already is replaced: whoever owns the store's folder owns the socket.
 */
export async function serveBlockStore(options: {
  readonly store: PrunableSnapshotStore;
  /** What guests read of it. */
  readonly reads: ReadReporter;
  readonly socketPath: string;
  /** What `hello` reports of this process's code. */
  readonly build: string;
  readonly logger: Logger;
}): Promise<BlockStoreServer> {
  const { socketPath, logger } = options;
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    serve(options, request, response).catch((error: unknown) => {
      logger.log('warn', 'a request to the block server failed', { path: request.url, error });
      response.destroy();
    });
  });
  const listener = await listenPrivately(server, socketPath);
  return {
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await listener.remove();
    },
  };
}

async function serve(
  served: ServedStore,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method, url = '' } = request;
  const block = parseBlockPath(url);
  const name = rpcNames.find((each) => url === `/${each}`);
  if (block !== undefined && method === 'GET') await sendBlock(served, block, response);
  else if (block !== undefined && method === 'PUT')
    await takeBlock(served, block, { request, response });
  else if (name !== undefined && method === 'POST') await call(served, name, { request, response });
  else response.writeHead(404).end();
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function call<Name extends RpcName>(
  served: ServedStore,
  name: Name,
  { request, response }: Exchange,
): Promise<void> {
  // A caller that disconnects does not want the answer any more.
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('the caller disconnected')));
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const write = (line: RpcLine) => response.write(`${JSON.stringify(line)}\n`);
  const heartbeat = setInterval(() => write({ kind: 'progress' }), heartbeatMs);
  const { signal } = gone;
  const context: CallContext<RpcPart<Name>> = {
    ...served,
    signal,
    onProgress: throttled((progress) => void write({ kind: 'progress', progress })),
    async sendPart(part) {
      if (!write({ kind: 'part', part })) await once(response, 'drain', { signal });
    },
  };
  try {
    const body = await readBody(request, requestBytesMax);
    // The peer is our own program behind a private socket: its requests have the shape of its version.
    const parsed: RpcCalls[Name]['request'] = JSON.parse(body.toString('utf8'));
    write({ kind: 'answer', answer: await rpcHandlers[name](context, parsed) });
  } catch (error) {
    write({ kind: 'error', error: encodeError(error) });
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

async function sendBlock({ store }: ServedStore, block: BlockPath, response: ServerResponse) {
  try {
    const bytes = await store.readBlock(block.mapId, block.blockIndex);
    if (bytes === undefined) response.writeHead(204).end();
    else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(bytes);
  } catch (error) {
    sendError(response, error);
  }
}

async function takeBlock(
  { store }: ServedStore,
  { mapId, blockIndex }: BlockPath,
  { request, response }: Exchange,
) {
  try {
    const bytes = await readBody(request, blockSizeBytes);
    const checksum = await store.writeBlock(mapId, blockIndex, bytes);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ checksum }));
  } catch (error) {
    sendError(response, error);
  }
}

function sendError(response: ServerResponse, error: unknown): void {
  const line: RpcLine = { kind: 'error', error: encodeError(error) };
  response.writeHead(errorStatus, { 'content-type': 'application/x-ndjson' });
  response.end(`${JSON.stringify(line)}\n`);
}

function throttled(report: (progress: CaptureProgress) => void) {
  let reportedAt = 0;
  return (progress: CaptureProgress) => {
    const now = performance.now();
    const isLast = progress.doneBytes >= progress.totalBytes;
    if (!isLast && now - reportedAt < progressIntervalMs) return;
    reportedAt = now;
    report(progress);
  };
}

async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length > bytesMax) throw new Error(`a request has over ${bytesMax} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
