import { createHash, hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PayloadCheck, RequestBody } from '@bakehouse/aws-wire';
import { KiB, MiB } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import type { ByteBudget } from './byte-budget.ts';

/** More than any EC2 request has: user data is 16 KiB, a request with everything some hundred KiB. */
export const bodyBytesMax = 4 * MiB;

/** Free of the budget, so that large bodies do not keep out usual ones; connections are counted. */
const freeBytes = 64 * KiB;

const empty = new Uint8Array();

/**
 * The body of a request as it arrives, unchecked. Nothing is read before it is asked for; a client
 * that waits for `100 Continue` gets it then. What is held in memory is taken from the budget until
 * `release`.
 */
export interface IncomingBody extends RequestBody {
  release(): void;
}

export interface IncomingBodyOptions {
  readonly budget: ByteBudget;
  /** The client sends its body only after `100 Continue`. */
  readonly expectsContinue: boolean;
}

export function incomingBody(
  request: IncomingMessage,
  response: ServerResponse,
  { budget, expectsContinue }: IncomingBodyOptions,
): IncomingBody {
  let held = 0;
  let whole: Promise<Uint8Array> | undefined;
  const begin = () => {
    if (expectsContinue) response.writeContinue();
  };
  const hold = (length: number) => {
    const more = Math.max(0, length - freeBytes) - held;
    if (more <= 0) return true;
    if (!budget.take(more)) return false;
    held += more;
    return true;
  };
  return {
    bytes() {
      whole ??= readWhole(request, begin, hold);
      return whole;
    },
    async *stream() {
      begin();
      for await (const part of request) yield part;
    },
    release() {
      budget.give(held);
      held = 0;
    },
  };
}

/**
 * The body, whose bytes are refused when the signature does not cover them. A stream is handed on
 * while it arrives only when all but its hash has been verified.
 */
export function checkedBody(body: RequestBody, payload: PayloadCheck | undefined): RequestBody {
  if (payload === undefined) return body;
  const bytes = async () => {
    const whole = await body.bytes();
    payload.check(hash('sha256', whole));
    return whole;
  };
  return {
    bytes,
    async *stream() {
      if (payload.isHashNamed) yield* hashed(body.stream(), payload);
      else yield await bytes();
    },
  };
}

async function* hashed(parts: AsyncIterable<Uint8Array>, payload: PayloadCheck) {
  const sha256 = createHash('sha256');
  for await (const part of parts) {
    sha256.update(part);
    yield part;
  }
  payload.check(sha256.digest('hex'));
}

/**
 * Refuses a body as soon as it is known to be too large; the rest is not read. Uses events: the
 * stream's iterator costs more than everything else that a small request needs of HTTP.
 */
function readWhole(
  request: IncomingMessage,
  begin: () => void,
  hold: (length: number) => boolean,
): Promise<Uint8Array> {
  const { headers } = request;
  const declared = Number(headers['content-length'] ?? 0);
  if (declared === 0 && headers['transfer-encoding'] === undefined) return Promise.resolve(empty);
  if (declared > bodyBytesMax) return Promise.reject(tooLarge());
  // The client has left: no event reports that now.
  if (request.destroyed) return Promise.reject(brokenOff());
  begin();
  return new Promise((resolve, reject) => {
    const gathered = gatherer(declared);
    const refuse = (error: Error) => {
      request.pause();
      request.removeAllListeners('data');
      reject(error);
    };
    request.on('data', (part: Buffer) => {
      const length = gathered.length + part.length;
      if (length > bodyBytesMax) refuse(tooLarge());
      else if (!hold(length)) refuse(tooMuchAtOnce());
      else gathered.add(part);
    });
    request.on('end', () => resolve(gathered.bytes()));
    request.on('error', (cause) => reject(brokenOff(cause)));
  });
}

/**
 * Gathers the parts of a body in one block of memory. Many small parts that are freed later would
 * leave the process with memory in pieces that it cannot give back.
 */
function gatherer(declared: number) {
  let block: Uint8Array = empty;
  let length = 0;
  return {
    get length() {
      return length;
    },
    add(part: Buffer) {
      const needed = length + part.length;
      // Most bodies come in one part, which is kept as it is.
      if (length === 0) block = part;
      else {
        if (needed > block.length) {
          const larger = Buffer.allocUnsafeSlow(Math.max(needed, declared, 2 * length));
          larger.set(block);
          block = larger;
        }
        block.set(part, length);
      }
      length = needed;
    },
    bytes: () => block.subarray(0, length),
  };
}

const tooLarge = () =>
  apiError('RequestEntityTooLarge', {
    message: `The request body is larger than ${bodyBytesMax} bytes`,
  });

const brokenOff = (cause?: Error) =>
  apiError(
    'InvalidRequest',
    { message: 'The connection ended before the whole request body had arrived' },
    { cause },
  );

const tooMuchAtOnce = () =>
  apiError('RequestLimitExceeded', {
    message: 'Too many large request bodies are being received at once; try again later',
  });
