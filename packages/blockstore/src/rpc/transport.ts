import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { BlockStoreUnreachableError, type CaptureProgress } from '@bakehouse/domain';
import { hasCode } from '@bakehouse/host';
import { decodeError } from './carried-error.ts';
import {
  type BlockPath,
  formatBlockPath,
  lineBytesMax,
  type RpcCalls,
  type RpcLine,
  type RpcName,
  type RpcPart,
} from './rpc-protocol.ts';

export interface TransportOptions {
  readonly socketPath: string;
  /** How long the server may be silent: it sends a sign of life every 2 s. */
  readonly silenceMsMax?: number;
}

export interface RpcOptions<Part = never> {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CaptureProgress) => void) | undefined;
  readonly onPart?: (part: Part) => void;
}

interface Post {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body: Uint8Array | string;
  readonly agent?: Agent;
  readonly signal?: AbortSignal | undefined;
}

const silenceMsDefault = 30_000;
/** Connections for single blocks, which stay open in between. */
const blockConnectionsMax = 16;

/** Requests to a block server. Each call has a connection of its own; those for single blocks are kept. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #blockAgent = new Agent({ keepAlive: true, maxSockets: blockConnectionsMax });

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** Aborting ends the connection, which aborts the work in the server. */
  call<Name extends RpcName>(
    name: Name,
    request: RpcCalls[Name]['request'],
    { signal, onProgress, onPart }: RpcOptions<RpcPart<Name>>,
  ): Promise<RpcCalls[Name]['answer']> {
    return this.#orUnreachable(signal, async () => {
      const body = JSON.stringify(request);
      const response = await this.#send({ method: 'POST', path: `/${name}`, body, signal });
      checkStatus(response, [200]);
      for await (const text of eachLine(response)) {
        const line: RpcLine<RpcCalls[Name]['answer'], RpcPart<Name>> = JSON.parse(text);
        if (line.kind === 'answer') return line.answer;
        if (line.kind === 'error') throw new CarriedFailure(decodeError(line.error));
        if (line.kind === 'part') onPart?.(line.part);
        else if (line.progress !== undefined) onProgress?.(line.progress);
      }
      throw new Error('the answer ended early');
    });
  }

  readBlock(block: BlockPath): Promise<Uint8Array | undefined> {
    return this.#orUnreachable(undefined, async () => {
      const response = await this.#sendBlock({
        method: 'GET',
        path: formatBlockPath(block),
        body: '',
      });
      const bytes = await bytesOf(response);
      return response.statusCode === 204 ? undefined : bytes;
    });
  }

  writeBlock(block: BlockPath, bytes: Uint8Array): Promise<string> {
    return this.#orUnreachable(undefined, async () => {
      const path = formatBlockPath(block);
      const response = await this.#sendBlock({ method: 'PUT', path, body: bytes });
      const { checksum }: { readonly checksum: string } = JSON.parse(
        (await bytesOf(response)).toString('utf8'),
      );
      return checksum;
    });
  }

  /** On a kept connection; once again when that one had died while nobody used it. */
  async #sendBlock(post: Post): Promise<IncomingMessage> {
    const kept = { ...post, agent: this.#blockAgent };
    const response = await this.#send(kept).catch((error: unknown) => {
      if (error instanceof DeadConnectionError) return this.#send(post);
      throw error;
    });
    if (response.statusCode === 409) {
      const line: RpcLine = JSON.parse((await bytesOf(response)).toString('utf8'));
      if (line.kind === 'error') throw new CarriedFailure(decodeError(line.error));
    }
    checkStatus(response, [200, 204]);
    return response;
  }

  #send({ method, path, body, agent, signal }: Post): Promise<IncomingMessage> {
    const { socketPath, silenceMsMax = silenceMsDefault } = this.#options;
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        {
          socketPath,
          path,
          method,
          agent: agent ?? false,
          timeout: silenceMsMax,
          ...(signal && { signal }),
        },
        resolve,
      );
      outgoing.on('timeout', () => {
        outgoing.destroy(new Error(`it was silent for ${silenceMsMax} ms`));
      });
      outgoing.on('error', (error) => {
        const isDead = outgoing.reusedSocket && hasCode(error, 'ECONNRESET');
        reject(isDead ? new DeadConnectionError(error.message, { cause: error }) : error);
      });
      outgoing.end(body);
    });
  }

  /** Gives errors of the connection their meaning; those that the server sent are thrown as they are. */
  async #orUnreachable<Result>(
    signal: AbortSignal | undefined,
    work: () => Promise<Result>,
  ): Promise<Result> {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (error instanceof CarriedFailure) throw error.carried;
      if (signal?.aborted) throw signal.reason;
      const problem = error instanceof Error ? error.message : String(error);
      const { socketPath } = this.#options;
      throw new BlockStoreUnreachableError(
        `the block server at ${socketPath} failed (${problem}); is it running?`,
        { cause: error },
      );
    }
  }
}

/** Wraps an error that the server sent, to tell it from one of the connection. */
class CarriedFailure extends Error {
  readonly carried: Error;

  constructor(carried: Error) {
    super(carried.message);
    this.carried = carried;
  }
}

/** The server had closed the connection before the request reached it. */
class DeadConnectionError extends Error {}

function checkStatus(response: IncomingMessage, expected: readonly number[]): void {
  if (expected.includes(response.statusCode ?? 0)) return;
  response.destroy();
  throw new Error(`it replied with status ${response.statusCode}`);
}

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* eachLine(response: IncomingMessage): AsyncGenerator<string> {
  let pending = '';
  response.setEncoding('utf8');
  for await (const text of response) {
    pending += text;
    if (pending.length > lineBytesMax) throw new Error('a line of its answer is too long');
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    yield* lines;
  }
}
