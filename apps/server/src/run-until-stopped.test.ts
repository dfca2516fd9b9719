import type { Logger } from '@bakehouse/base';
import { ManualClock } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { CloseLimitError, runUntilStopped } from './run-until-stopped.ts';
import { LeaseLostError, type RunningServer } from './serve.ts';

const closeLimitMs = 1000;
const never = new Promise<never>(() => {});
const hangs = () => never;

/** Runs a server, with what it calls and logs. Only the test moves its clock. */
function life(server: Partial<RunningServer> | Promise<never>) {
  const done: string[] = [];
  const problems: unknown[] = [];
  const clock = new ManualClock();
  const stop = Promise.withResolvers<void>();
  const logger: Logger = {
    log: (_level, _message, fields) => {
      if (fields?.error) problems.push(fields.error);
    },
    with: () => logger,
  };
  const opened = {
    url: 'http://127.0.0.1:1',
    ready: Promise.resolve(),
    failed: never,
    async close() {
      done.push('close');
    },
    ...server,
  } as RunningServer;
  const ended = runUntilStopped(server instanceof Promise ? server : Promise.resolve(opened), {
    clock,
    logger,
    stopRequested: stop.promise,
    onReady: () => done.push('ready'),
    closeLimitMs,
  });
  ended.catch(() => {});
  return { ended, done, problems, clock, stop: stop.resolve };
}

const broken = new Error('the host cannot be put in order');
const notClosed = new Error('the records cannot be closed');

test('a server that is ready is closed when it is asked to stop', async () => {
  const { ended, done, stop } = life({});
  await expect.poll(() => done).toEqual(['ready']);
  stop();
  await ended;
  expect(done).toEqual(['ready', 'close']);
});

test('a server that fails in its start or its work is closed, and the failure is the reason', async () => {
  for (const part of ['ready', 'failed'] as const) {
    const { ended, done } = life({ ready: never, [part]: Promise.reject(broken) });
    await expect(ended).rejects.toBe(broken);
    expect(done).toEqual(['close']);
  }
});

test('a server that cannot be opened ends by that, with nothing to close', async () => {
  const { ended, problems } = life(Promise.reject(broken));
  await expect(ended).rejects.toBe(broken);
  expect(problems).toEqual([]);
});

test('a lost lease ends the server without a close', async () => {
  const lost = new LeaseLostError('another is active');
  const { ended, done } = life({ ready: never, failed: Promise.reject(lost) });
  await expect(ended).rejects.toBe(lost);
  expect(done).toEqual([]);
});

test('a close that fails after a failure is logged, and hides nothing', async () => {
  const close = () => Promise.reject(notClosed);
  const { ended, problems } = life({ ready: Promise.reject(broken), close });
  await expect(ended).rejects.toBe(broken);
  expect(problems).toEqual([notClosed]);
});

test('a close that fails when the server was asked to stop is the reason', async () => {
  const { ended, stop } = life({ close: () => Promise.reject(notClosed) });
  stop();
  await expect(ended).rejects.toBe(notClosed);
});

test('a close that hangs ends at its limit, after a failure, too', async () => {
  const failed = life({ ready: Promise.reject(broken), close: hangs });
  await failed.clock.advance(closeLimitMs);
  await expect(failed.ended).rejects.toBe(broken);
  expect(failed.problems).toEqual([expect.any(CloseLimitError)]);

  const stopped = life({ close: hangs });
  stopped.stop();
  await stopped.clock.advance(closeLimitMs);
  await expect(stopped.ended).rejects.toThrow(CloseLimitError);
});

test.each([
  ['while it is opened', never],
  ['while it starts', { ready: never, close: hangs }],
])('a stop %s ends at the limit, whatever hangs', async (_, server) => {
  const { ended, clock, done, stop } = life(server);
  stop();
  await clock.advance(closeLimitMs);
  await expect(ended).rejects.toThrow(CloseLimitError);
  expect(done).toEqual([]);
});
