import { type Clock, type Logger, secondMs } from '@bakehouse/base';
import { LeaseLostError, type RunningServer } from './serve.ts';

export interface RunParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Resolves when the server is asked to stop. */
  readonly stopRequested: Promise<void>;
  /** Called when the server is ready, unless it stops before. */
  readonly onReady: (url: string) => void;
  /** How long closing may take. The end of the process closes the rest. */
  readonly closeLimitMs: number;
}

/** Something that is closed hangs; the end of the process ends it, as a kill does. */
export class CloseLimitError extends Error {
  override readonly name = 'CloseLimitError';

  constructor(limitMs: number) {
    super(
      `the server did not close within ${limitMs / secondMs} s and ends without; the next start continues what was begun`,
    );
  }
}

/** Resolves when the server is asked to stop. Rejects when it cannot begin or go on with its work. */
async function serving(
  server: RunningServer,
  { logger, stopRequested, onReady }: RunParts,
): Promise<void> {
  logger.log('info', 'serving; the host is being put in order', { url: server.url });
  const isReady = server.ready.then(() => true);
  const isStopped = stopRequested.then(() => false);
  if (!(await Promise.race([isReady, isStopped, server.failed]))) return;
  onReady(server.url);
  await Promise.race([stopRequested, server.failed]);
}

/** Closes the server, also one that is still being opened. Rejects with CloseLimitError, or with what closing failed by. */
async function closeInTime(
  opening: Promise<RunningServer>,
  { clock, closeLimitMs }: RunParts,
): Promise<void> {
  const limit = new AbortController();
  const isLate = clock.sleep(closeLimitMs, limit.signal).then(
    () => true,
    () => false,
  );
  const closing = opening.then((server) => server.close()).then(() => false);
  try {
    if (await Promise.race([closing, isLate])) throw new CloseLimitError(closeLimitMs);
  } finally {
    limit.abort();
  }
}

/**
 * Serves until the server is asked to stop or fails, and closes it, in bounded time. Rejects with why it failed, and
 * only logs what goes wrong while such a server is closed. A server that lost its lease is not closed: another goes
 * on with the work as soon as the process has ended.
 */
export async function runUntilStopped(
  opening: Promise<RunningServer>,
  parts: RunParts,
): Promise<void> {
  const { logger, stopRequested } = parts;
  try {
    await Promise.race([stopRequested, opening.then((server) => serving(server, parts))]);
    logger.log('info', 'stopping: requests under way are finished, guests continue');
  } catch (error) {
    if (error instanceof LeaseLostError) throw error;
    await closeInTime(opening, parts).catch((problem: unknown) => {
      // Of a server that was not opened, nothing is left to close.
      if (problem !== error) logger.log('error', 'the server is not closed', { error: problem });
    });
    throw error;
  }
  await closeInTime(opening, parts);
}
