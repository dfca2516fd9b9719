import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Logger, listenPrivately } from '@bakehouse/base';
import type { BlockMapId, CaptureProgress, SnapshotStore } from '@bakehouse/domain';
import { encodeError } from './carried-error.ts';
import { isMapId } from './data-directory.ts';
import {
  heartbeatMs,
  type RpcCalls,
  type RpcLine,
  type RpcName,
  requestBytesMax,
  rpcNames,
} from './rpc-protocol.ts';

export interface BlockStoreServer {
  /** Ends every request; captures under way are aborted. */
  close(): Promise<void>;
}

interface CallContext {
  readonly engine: SnapshotStore;
  readonly build: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CaptureProgress) => void;
}

type Handlers = {
  readonly [Name in RpcName]: (
    context: CallContext,
    request: RpcCalls[Name]['request'],
  ) => Promise<RpcCalls[Name]['answer']>;
};

const progressIntervalMs = 100;

/**
 * Serves the store to the control plane on a Unix socket that only this user may open. A file that is
 * there already is replaced: whoever owns the store's folder owns the socket.
 */
export async function serveBlockStore(options: {
  readonly engine: SnapshotStore;
  readonly socketPath: string;
  /** What `hello` tells of this process's code. */
  readonly build: string;
  readonly logger: Logger;
}): Promise<BlockStoreServer> {
  const { socketPath, logger } = options;
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      logger.log('warn', 'a request to the block server failed', { path: request.url, error });
      response.destroy();
    });
  });
  await listenPrivately(server, socketPath);
  return {
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const handlers: Handlers = {
  hello: async ({ build }) => ({ pid: process.pid, build }),
  capture: ({ engine, signal, onProgress }, request) =>
    engine.capture(request, { signal, onProgress }),
  async find({ engine }, { mapId }) {
    const summary = await engine.find(mapId);
    return summary === undefined ? {} : { summary };
  },
  usage: ({ engine }) => engine.usage(),
  list: ({ engine }) => engine.list(),
  prune: ({ engine }, { remove }) => engine.prune(new Set<BlockMapId>(remove.filter(isMapId))),
  verify: ({ engine, onProgress }) => engine.verify(onProgress),
};

async function answer(
  { engine, build }: Pick<CallContext, 'engine' | 'build'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const name = rpcNames.find((each) => request.url === `/${each}`);
  if (request.method !== 'POST' || name === undefined) {
    response.writeHead(404).end();
    return;
  }
  // The caller that goes away does not want the answer any more.
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('the caller went away')));
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const write = (line: RpcLine) => void response.write(`${JSON.stringify(line)}\n`);
  const heartbeat = setInterval(() => write({ kind: 'progress' }), heartbeatMs);
  const onProgress = throttled((progress) => write({ kind: 'progress', progress }));
  try {
    const body = await readJson(request);
    const context = { engine, build, signal: gone.signal, onProgress };
    write({ kind: 'answer', answer: await callHandler(name, context, body) });
  } catch (error) {
    write({ kind: 'error', error: encodeError(error) });
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

/** The peer is our own program behind a private socket: its requests have the shape of its version. */
function callHandler<Name extends RpcName>(
  name: Name,
  context: CallContext,
  request: RpcCalls[Name]['request'],
): Promise<RpcCalls[Name]['answer']> {
  return handlers[name](context, request);
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

async function readJson(request: IncomingMessage) {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length > requestBytesMax) throw new Error(`a request has over ${requestBytesMax} bytes`);
    pieces.push(piece);
  }
  return JSON.parse(Buffer.concat(pieces).toString('utf8'));
}
