import { silentLogger, systemClock } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { computeLimitsDefault } from './compute-limits.ts';
import { DiskStall } from './disk-stall.ts';
import { fakeMonitor } from './testing/fake-monitor.ts';

/** What the monitor of a guest that waits for room is asked in three looks, when the guest may go on as `looks` says. */
async function commandsWhile(...looks: readonly boolean[]): Promise<readonly string[]> {
  const left = [...looks];
  const ended = Promise.withResolvers<void>();
  let sleeps = 0;
  const sleep = (_ms: number, signal?: AbortSignal) => {
    sleeps += 1;
    if (sleeps <= 3) return Promise.resolve();
    ended.resolve();
    return new Promise<void>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  };
  const { client, commands } = fakeMonitor({
    'query-named-block-nodes': () => [],
    cont: () => ({}),
  });
  const stall = new DiskStall({
    folder: '/nowhere',
    record: { instanceId: 'i-0123456789abcdef0', generation: 1, claimBytes: 0 },
    clock: { ...systemClock, sleep },
    logger: silentLogger,
    limits: computeLimitsDefault,
    emit: () => {},
    mayResume: () => left.shift() ?? false,
  });
  const stopping = new AbortController();
  await stall.pause({ problem: 'no room' }, client, stopping.signal);
  await ended.promise;
  stopping.abort();
  return commands;
}

test('a guest goes on when its disk has room', async () => {
  expect(await commandsWhile(true, true)).toContain('cont');
});

test('a guest that is halted while the room is looked at does not go on', async () => {
  expect(await commandsWhile(true, false)).not.toContain('cont');
});
