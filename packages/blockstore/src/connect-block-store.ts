import { request as httpRequest, type IncomingMessage } from 'node:http';
import {
  BlockServerUnreachableError,
  type CaptureProgress,
  type SnapshotStore,
} from '@bakehouse/domain';
import { decodeError } from './carried-error.ts';
import {
  answerBytesMax,
  type BlockServerHello,
  type RpcCalls,
  type RpcLine,
  type RpcName,
} from './rpc-protocol.ts';

export interface ConnectOptions {
  readonly socketPath: string;
  /** How long the server may be silent: it sends a sign of life every 2 s. */
  readonly silenceMsMax?: number;
}

export interface BlockStoreClient extends SnapshotStore {
  /** Who serves: throws BlockServerUnreachableError when nobody does. */
  hello(signal?: AbortSignal): Promise<BlockServerHello>;
}

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CaptureProgress) => void) | undefined;
}

const silenceMsDefault = 30_000;

/**
 * The store of a block server, by its Unix socket. Nothing is connected until a method is called, and each call
 * has a connection of its own, so a server that was started again is found again. Every method
 * throws the engine's errors, or BlockServerUnreachableError when the server cannot be reached or falls silent.
 */
export function connectBlockStore(options: ConnectOptions): BlockStoreClient {
  const invoke = <Name extends RpcName>(
    name: Name,
    request: RpcCalls[Name]['request'],
    callOptions: CallOptions = {},
  ) => call(options, { name, request, ...callOptions });
  return {
    hello: (signal) => invoke('hello', {}, { signal }),
    capture: (request, callOptions) => invoke('capture', request, callOptions),
    find: async (mapId) => (await invoke('find', { mapId })).summary,
    usage: () => invoke('usage', {}),
    list: () => invoke('list', {}),
    prune: (remove) => invoke('prune', { remove: [...remove] }),
    verify: (onProgress) => invoke('verify', {}, { onProgress }),
  };
}

/** Aborting ends the connection, which aborts the work in the server. */
async function call<Name extends RpcName>(
  { socketPath, silenceMsMax = silenceMsDefault }: ConnectOptions,
  options: CallOptions & { readonly name: Name; readonly request: RpcCalls[Name]['request'] },
): Promise<RpcCalls[Name]['answer']> {
  const { signal } = options;
  signal?.throwIfAborted();
  try {
    const response = await post(socketPath, silenceMsMax, options);
    for await (const text of eachLine(response)) {
      const line: RpcLine<RpcCalls[Name]['answer']> = JSON.parse(text);
      if (line.kind === 'answer') return line.answer;
      if (line.kind === 'error') throw new CarriedFailure(decodeError(line.error));
      if (line.progress !== undefined) options.onProgress?.(line.progress);
    }
    throw new Error('the answer ended early');
  } catch (error) {
    if (error instanceof CarriedFailure) throw error.carried;
    if (signal?.aborted) throw signal.reason;
    const problem = error instanceof Error ? error.message : String(error);
    throw new BlockServerUnreachableError(socketPath, `failed (${problem})`, { cause: error });
  }
}

/** Tells an error that the server answered from one of the connection. */
class CarriedFailure extends Error {
  readonly carried: Error;

  constructor(carried: Error) {
    super(carried.message);
    this.carried = carried;
  }
}

function post(
  socketPath: string,
  silenceMsMax: number,
  { name, request, signal }: CallOptions & { readonly name: RpcName; readonly request: object },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        socketPath,
        path: `/${name}`,
        method: 'POST',
        agent: false,
        timeout: silenceMsMax,
        ...(signal && { signal }),
      },
      (response) => {
        if (response.statusCode === 200) resolve(response);
        else {
          response.destroy();
          reject(new Error(`it answered with status ${response.statusCode}`));
        }
      },
    );
    outgoing.on('timeout', () => {
      outgoing.destroy(new Error(`it was silent for ${silenceMsMax} ms`));
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(request));
  });
}

async function* eachLine(response: IncomingMessage): AsyncGenerator<string> {
  let pending = '';
  response.setEncoding('utf8');
  for await (const text of response) {
    pending += text;
    if (pending.length > answerBytesMax) throw new Error('its answer is too long');
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    yield* lines;
  }
}
