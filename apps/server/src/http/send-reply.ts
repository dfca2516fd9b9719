import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Reply } from '@bakehouse/aws-wire';
import { KiB, minuteMs } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import type { ByteBudget } from './byte-budget.ts';
import { bodyBytesMax } from './incoming-body.ts';
import { onClosed } from './on-closed.ts';

/** What replies that are being sent may hold in memory together. */
export interface ReplyBudget {
  readonly bytes: ByteBudget;
  /** Each streamed reply holds the answer that it is made of, whatever its size. */
  readonly streams: ByteBudget;
}

/** Free of the budget, so that large replies do not keep out usual ones; connections are counted. */
const freeBytes = 64 * KiB;

/** How long a client may take nothing of its reply before the connection is closed. */
const stallMs = minuteMs;

/**
 * Sends a reply and resolves when the client has it or has disconnected. Throws `RequestLimitExceeded`, with
 * nothing sent, when too much is being sent already.
 */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
  budget: ReplyBudget,
): Promise<void> {
  if (response.destroyed) return;
  if (typeof reply.body !== 'string' && !(reply.body instanceof Uint8Array)) {
    await sendStream(response, reply, reply.body, budget.streams);
    return;
  }
  const body = Buffer.from(reply.body);
  const held = body.length > freeBytes ? body.length : 0;
  if (!budget.bytes.take(held)) throw tooManyReplies();
  try {
    response.writeHead(reply.status, {
      ...headersOf(response, reply),
      'content-length': body.length,
    });
    await closed(response, () => response.end(body));
  } finally {
    budget.bytes.give(held);
  }
}

async function sendStream(
  response: ServerResponse,
  reply: Reply,
  body: AsyncIterable<string | Uint8Array>,
  streams: ByteBudget,
): Promise<void> {
  if (!streams.take(1)) throw tooManyReplies();
  try {
    response.setTimeout(stallMs);
    response.writeHead(reply.status, headersOf(response, reply));
    for await (const part of body) {
      if (response.destroyed) return;
      if (!response.write(part)) await drained(response);
    }
    await closed(response, () => response.end());
  } finally {
    streams.give(1);
  }
}

function headersOf({ req }: ServerResponse, { headers }: Reply) {
  return req.complete || isSkippable(req) ? headers : { ...headers, connection: 'close' };
}

/**
 * A body that nobody asked for is skipped when it is not too long, so that its sender sees the reply
 * and keeps the connection. Otherwise a request that was not read to its end is the last.
 */
function isSkippable({ headers, readableFlowing }: IncomingMessage): boolean {
  const declared = Number(headers['content-length'] ?? Number.NaN);
  return readableFlowing === null && declared <= bodyBytesMax && headers.expect === undefined;
}

/** Ends the reply and resolves when its last byte is sent, or when the connection is lost. */
function closed(response: ServerResponse, end: () => void): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    response.once('close', resolve);
    response.setTimeout(stallMs);
    end();
  });
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    onClosed(response, done);
  });
}

const tooManyReplies = () =>
  apiError('RequestLimitExceeded', {
    message: 'Too many large replies are being sent at once; try again later',
  });
