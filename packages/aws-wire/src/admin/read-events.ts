import { eventsPath, type PlatformEvent, platformEventSchema } from '@bakehouse/admin-api';
import { KiB } from '@bakehouse/base';
import { ApiError } from '@bakehouse/domain';
import * as v from 'valibot';
import type { RequestToSign } from '../sigv4/sign-request.ts';
import { AdminConnectionError } from './admin-connection-error.ts';
import {
  type AdminClientOptions,
  notAdmin,
  parseJson,
  reach,
  replyTimeoutMs,
  sendSigned,
  timeLimit,
} from './admin-transport.ts';
import { readLines } from './read-lines.ts';

export interface EventsQuery {
  /** Only events about these; all when absent. */
  readonly ids?: readonly string[];
  /** Only events of records of these kinds, and of progress; all when absent. */
  readonly kinds?: readonly string[];
  /** The position of the last entry that was read. */
  readonly after?: string;
}

/** What a stream of events consists of, each with the position to go on from. */
export type EventEntry =
  /** The first entry: what is looked up from now on is at least as new as the position. */
  | { readonly type: 'start'; readonly position: string }
  /** Events are missing here: look everything up again. */
  | { readonly type: 'gap'; readonly position: string }
  | { readonly type: 'event'; readonly position: string; readonly event: PlatformEvent };

const lineCharactersMax = 64 * KiB;

/**
 * Events of the platform until the signal is aborted, which throws its reason, or the server ends the stream. Throws
 * `ApiError` and `AdminConnectionError` as calls do, also when the server is silent for long.
 */
export async function* readEvents(
  options: AdminClientOptions,
  { ids = [], kinds = [], after }: EventsQuery,
  signal?: AbortSignal,
): AsyncGenerator<EventEntry, void, undefined> {
  const { endpoint, timeoutMs = replyTimeoutMs } = options;
  const url = new URL(eventsPath, endpoint);
  for (const id of ids) url.searchParams.append('id', id);
  for (const kind of kinds) url.searchParams.append('kind', kind);
  const headers = {
    accept: 'text/event-stream',
    ...(after === undefined ? {} : { 'last-event-id': after }),
  };
  const request = { method: 'GET', url, headers, body: new Uint8Array() };
  using limit = timeLimit(endpoint, timeoutMs, signal);
  const response = await reach(endpoint, limit.signal, () =>
    connect(options, request, limit.signal),
  );
  if (response.body === null) return;
  const lines = readLines(response.body, lineCharactersMax);
  try {
    const frame = new EventFrame(endpoint);
    for (;;) {
      const line = await reach(endpoint, limit.signal, () => lines.next());
      if (line.done === true) return;
      limit.renew();
      const entry = frame.read(line.value);
      if (entry) yield entry;
    }
  } finally {
    await lines.return(undefined);
  }
}

async function connect(
  options: AdminClientOptions,
  request: RequestToSign,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await sendSigned(options, request, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'MissingAction') throw error;
    // It takes the path for that of a call, so its release is one from before there were events.
    throw new AdminConnectionError(
      options.endpoint,
      'the server has no events: it is of another release than this command',
      { cause: error },
    );
  }
}

/** Reads frames of our server, whose last line is the data. Lines that begin with a colon only show that it lives. */
class EventFrame {
  readonly #endpoint: string;
  #type = '';
  #position = '';

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  read(line: string): EventEntry | undefined {
    const [, field, value = ''] = /^(\w*): ?(.*)$/.exec(line) ?? [];
    if (field === undefined) throw notAdmin(this.#endpoint);
    if (field === 'event') this.#type = value;
    if (field === 'id') this.#position = value;
    return field === 'data' ? this.#entry(value) : undefined;
  }

  #entry(data: string): EventEntry | undefined {
    const position = this.#position;
    if (this.#type === 'start') return { type: 'start', position };
    if (this.#type === 'gap') return { type: 'gap', position };
    const { success, output } = v.safeParse(platformEventSchema, parseJson(this.#endpoint, data));
    // A later server may have further types of events.
    return success ? { type: 'event', position, event: output } : undefined;
  }
}
