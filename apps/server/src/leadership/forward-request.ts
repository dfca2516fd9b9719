import { once } from 'node:events';
import {
  Agent,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { secondMs } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';

/** On a request that another server has passed on, so that servers which disagree do not pass it in circles. */
export const forwardedHeader = 'bakehouse-forwarded';

/** Of one connection; each hop has its own. */
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'upgrade']);

/** A server on the same network answers at once; one whose host is gone never does. */
const connectLimitMs = 2 * secondMs;

/** The other server keeps idle connections for longer, so that it does not end one that is about to be used. */
const agent = new Agent({ keepAlive: true, timeout: 30_000, maxFreeSockets: 64 });

/** A header list as Node has it (name, value, name, …) without those named. */
function without(rawHeaders: readonly string[], names: ReadonlySet<string>): string[] {
  return rawHeaders.filter((_, index) => {
    const name = rawHeaders[index - (index % 2)] ?? '';
    return !names.has(name.toLowerCase());
  });
}

/**
 * Sends a request on as it is, signature included, and its reply back, both while they arrive. Returns false when the
 * other server could not be reached: then nothing of the request has been read. When the connection ends after that,
 * the caller's ends too, as it would without a server between: what became of the request is not known. When `ended` is
 * aborted, because the other server is not the active one any more, a request that waits for its reply is refused with
 * `Unavailable`.
 */
export async function forwardRequest(
  request: IncomingMessage,
  response: ServerResponse,
  address: string,
  ended: AbortSignal,
): Promise<boolean> {
  const { hostname, port } = new URL(address);
  const headers = [...without(request.rawHeaders, ofConnection), forwardedHeader, '1'];
  const { method = 'GET', url = '/' } = request;
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const onward = httpRequest({ agent, host, port, method, path: url, headers });
  // Whoever waits for an event gets the error, too; it may also come while nobody waits.
  onward.on('error', () => {});
  const gone = () => onward.destroy();
  response.once('close', gone);
  ended.addEventListener('abort', gone);
  if (ended.aborted) gone();
  try {
    if (!(await connected(onward))) return false;
    await exchange(request, response, onward);
  } catch {
    if (ended.aborted && !response.headersSent && !response.destroyed) throw noReply();
    response.destroy();
  } finally {
    response.off('close', gone);
    ended.removeEventListener('abort', gone);
  }
  return true;
}

const noReply = () =>
  apiError('Unavailable', {
    message:
      'The active server of this platform ended before it replied; look at the state, then try again',
  });

type Onward = ReturnType<typeof httpRequest>;

function connected(onward: Onward): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => onward.destroy(), connectLimitMs);
    const done = (isConnected: boolean) => {
      clearTimeout(timer);
      resolve(isConnected);
    };
    for (const end of ['error', 'close']) onward.once(end, () => done(false));
    const onSocket = (socket: Socket) => {
      if (socket.connecting) socket.once('connect', () => done(true));
      else done(true);
    };
    if (onward.socket) onSocket(onward.socket);
    else onward.once('socket', onSocket);
  });
}

/**
 * Passes the body on while it arrives. It is not a pipeline, which would destroy the request with the connection to the
 * other server, so that no refusal could be sent. A request whose reply came before the end of its body is the last.
 */
function sendBody(request: IncomingMessage, response: ServerResponse, onward: Onward): void {
  request.pipe(onward);
  const endUnread = () => {
    if (!request.complete && response.writableFinished) request.destroy();
  };
  onward.once('close', () => {
    request.unpipe(onward);
    endUnread();
    response.once('finish', endUnread);
  });
}

async function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  onward: Onward,
): Promise<void> {
  const replied = once(onward, 'response') as Promise<[IncomingMessage]>;
  if (request.headers.expect === undefined) sendBody(request, response, onward);
  else {
    onward.once('continue', () => {
      response.writeContinue();
      sendBody(request, response, onward);
    });
    onward.flushHeaders();
  }
  const [reply] = await replied;
  response.writeHead(
    reply.statusCode ?? 502,
    reply.statusMessage,
    without(reply.rawHeaders, new Set([...ofConnection, 'transfer-encoding'])),
  );
  await pipeline(reply, response);
}
