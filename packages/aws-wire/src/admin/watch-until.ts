import type { PlatformEvent, RecordEvent } from '@bakehouse/admin-api';
import { minuteMs, secondMs, systemClock } from '@bakehouse/base';
import { ApiError } from '@bakehouse/domain';
import { ServerAwayError } from './admin-connection-error.ts';
import type { AdminClientOptions } from './admin-transport.ts';
import { type EventsQuery, readEvents } from './read-events.ts';

export interface Watch<Result> extends Pick<EventsQuery, 'ids' | 'kinds'> {
  /** The result; undefined until the end has come. Called at the start and after changes. */
  readonly look: () => Promise<Result | undefined>;
  /** Whether this error of `look` means that the server is away for now. Those of the admin client are known. */
  readonly isAway?: (error: unknown) => boolean;
  readonly onEvent?: (event: PlatformEvent) => void;
  /** Whether to look after this change. After each unless given. */
  readonly mayBeEnd?: (change: RecordEvent) => boolean;
  /** How long the server may be away. One minute unless given. */
  readonly awayMsMax?: number;
}

const reconnectPauseMs = secondMs / 2;

/** Where a watch is: what it has read, and since when the server has been away. */
interface Place {
  after?: string;
  awaySinceMs?: number;
}

/**
 * Waits for the end of something, over restarts of the server: `look` decides, events say when to call it. Rejects with
 * what `look` throws, with the signal's reason, and, when the server stays away, with the last error that says so.
 */
export async function watchUntil<Result>(
  options: AdminClientOptions,
  watch: Watch<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const { clock = systemClock } = options;
  const { awayMsMax = minuteMs, isAway = () => false } = watch;
  const place: Place = {};
  for (;;) {
    try {
      const result = await watchStream(options, watch, { place, signal });
      if (result !== undefined) return result;
      place.awaySinceMs ??= clock.elapsed();
    } catch (error) {
      place.awaySinceMs ??= clock.elapsed();
      const mayReturn = isAdminAway(error) || isAway(error);
      if (!mayReturn || clock.elapsed() - place.awaySinceMs > awayMsMax) throw error;
    }
    await clock.sleep(reconnectPauseMs, signal);
  }
}

/**
 * No server is reached, or only one that starts or ends, that is a standby without an active server, or that has no room
 * for another stream.
 */
const isAdminAway = (error: unknown) =>
  error instanceof ServerAwayError ||
  (error instanceof ApiError && ['Unavailable', 'RequestLimitExceeded'].includes(error.code));

/** One connection: the result, or undefined when the server ended the stream. */
async function watchStream<Result>(
  options: AdminClientOptions,
  { look, onEvent, mayBeEnd = () => true, ...query }: Watch<Result>,
  { place, signal }: { readonly place: Place; readonly signal: AbortSignal | undefined },
): Promise<Result | undefined> {
  const { after } = place;
  const from = after === undefined ? query : { ...query, after };
  for await (const entry of readEvents(options, from, signal)) {
    if (entry.type === 'event') onEvent?.(entry.event);
    const mustLook =
      entry.type !== 'event' || (entry.event.type === 'record' && mayBeEnd(entry.event));
    const result = mustLook ? await look() : undefined;
    if (result !== undefined) return result;
    delete place.awaySinceMs;
    place.after = entry.position;
  }
  return undefined;
}
