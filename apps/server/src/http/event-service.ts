import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { eventNamesMax, type PlatformEvent } from '@bakehouse/admin-api';
import { headerValue, type RequestHead } from '@bakehouse/aws-wire';
import { minuteMs, secondMs } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import { type ControlPlane, shownKinds } from '@bakehouse/orchestration';
import type { Caller } from './caller.ts';
import { onClosed } from './on-closed.ts';

export interface EventServiceOptions {
  readonly events: ControlPlane['events'];
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
  /** How long a stream may be silent. 20 seconds unless given. */
  readonly heartbeatMs?: number;
  /** How long a client may take nothing before its stream is ended. One minute unless given. */
  readonly stallMs?: number;
  /** How long a client may take to read the end of its stream. One second unless given. */
  readonly leaveMs?: number;
}

interface EventRequest {
  readonly head: RequestHead;
  readonly caller: Caller;
  readonly response: ServerResponse;
}

/** Open streams at once, in all and of one account: each holds a connection. */
const streamsMax = { total: 128, perAccount: 32 };

/** Which events the query wants. Unknown parameters are refused. */
function wantedBy({ rawQuery }: RequestHead): (event: PlatformEvent) => boolean {
  const parameters = new URLSearchParams(rawQuery);
  for (const name of parameters.keys()) {
    if (name !== 'id' && name !== 'kind') throw apiError('UnknownParameter', { parameter: name });
  }
  const [ids, kinds] = [new Set(parameters.getAll('id')), new Set(parameters.getAll('kind'))];
  if (ids.size > eventNamesMax || kinds.size > eventNamesMax) {
    throw apiError('InvalidParameterValue', {
      message: `A stream can be narrowed to at most ${eventNamesMax} ids and ${eventNamesMax} kinds`,
    });
  }
  for (const kind of kinds) {
    if (shownKinds.includes(kind)) continue;
    throw apiError('InvalidParameterValue', {
      message: `There are no events of the kind '${kind}'; kinds: ${shownKinds.join(', ')}`,
    });
  }
  return (event) =>
    (ids.size === 0 || ids.has(event.id)) &&
    (kinds.size === 0 || event.type !== 'record' || kinds.has(event.kind));
}

/** Counts open streams. */
class OpenStreams {
  readonly #byAccount = new Map<string, number>();

  take(accountId: string): void {
    const own = this.#byAccount.get(accountId) ?? 0;
    const total = [...this.#byAccount.values()].reduce((sum, each) => sum + each, 0);
    if (own >= streamsMax.perAccount || total >= streamsMax.total) {
      throw apiError('RequestLimitExceeded', {
        message: 'Too many streams of events are open; close one and try again',
      });
    }
    this.#byAccount.set(accountId, own + 1);
  }

  give(accountId: string): void {
    const left = (this.#byAccount.get(accountId) ?? 1) - 1;
    if (left === 0) this.#byAccount.delete(accountId);
    else this.#byAccount.set(accountId, left);
  }
}

const frame = (type: string, position: string, data: object) =>
  `event: ${type}\nid: ${position}\ndata: ${JSON.stringify(data)}\n\n`;

/**
 * Streams events to one account as server-sent events (docs/events.md). A client that reads slowly costs its socket's
 * buffer and no more: it is a place in the log.
 */
export function eventService({
  events,
  stopping,
  heartbeatMs = 20 * secondMs,
  stallMs = minuteMs,
  leaveMs = secondMs,
}: EventServiceOptions): (request: EventRequest) => Promise<void> {
  const open = new OpenStreams();
  return async ({ head, caller: { accountId }, response }) => {
    const after = headerValue(head.headers, 'last-event-id');
    const query = { accountId, wanted: wantedBy(head), ...(after === undefined ? {} : { after }) };
    open.take(accountId);
    const gone = new AbortController();
    const signal = AbortSignal.any([stopping, gone.signal]);
    onClosed(response, () => gone.abort(new Error('the client closed the connection')));
    const beating = setInterval(() => {
      if (!response.writableNeedDrain) response.write(': still here\n\n');
    }, heartbeatMs);
    try {
      await send(response, events.read(query, signal), { signal, stallMs });
    } catch (error) {
      // Its client has gone or reads nothing; it may come back with its last position.
      if (!signal.aborted && !(error instanceof StalledError)) throw error;
      response.destroy();
    } finally {
      clearInterval(beating);
      open.give(accountId);
    }
    endWithin(response, leaveMs);
  };
}

interface SendOptions {
  readonly signal: AbortSignal;
  readonly stallMs: number;
}

async function send(
  response: ServerResponse,
  entries: ReturnType<EventServiceOptions['events']['read']>,
  options: SendOptions,
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    connection: 'close',
  });
  for await (const entry of entries) {
    const { type, position } = entry;
    const text =
      entry.type === 'event'
        ? frame(entry.event.type, position, entry.event)
        : frame(type, position, {});
    if (!response.write(text)) await drained(response, options);
  }
}

/** Ends the stream; a client that does not read its end would keep the listener open. */
function endWithin(response: ServerResponse, limitMs: number): void {
  const timer = setTimeout(() => response.destroy(), limitMs);
  onClosed(response, () => clearTimeout(timer));
  response.end();
}

class StalledError extends Error {
  override readonly name = 'StalledError';
}

/** Resolves when the client has taken what was written; rejects when it takes nothing for too long. */
async function drained(response: ServerResponse, { signal, stallMs }: SendOptions): Promise<void> {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new StalledError()), stallMs);
  try {
    await once(response, 'drain', { signal: AbortSignal.any([signal, stalled.signal]) });
  } catch (error) {
    throw stalled.signal.aborted ? stalled.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}
