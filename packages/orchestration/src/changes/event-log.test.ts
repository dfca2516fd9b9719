import type { PlatformEvent } from '@bakehouse/admin-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventLog, type EventQuery, type LogEntry } from './event-log.ts';

const owner = '111111111111';
const other = '222222222222';
const mine = { everyone: false, accountIds: [owner] };

const eventOf = (n: number): PlatformEvent => ({
  type: 'record',
  at: n,
  change: 'put',
  kind: 'instance',
  id: String(n),
});

const newLog = (capacity = 4, stamp = 'run1') => new EventLog({ stamp, capacity });

/** What a reader gets now, without waiting for more. */
async function readNow(log: EventLog, query: Partial<EventQuery> = {}): Promise<LogEntry[]> {
  const leaving = new AbortController();
  const entries: LogEntry[] = [];
  const reader = log.read({ accountId: owner, ...query }, leaving.signal);
  for (;;) {
    const next = reader.next();
    const idle = new Promise<'idle'>((resolve) => setImmediate(() => resolve('idle')));
    const read = await Promise.race([next, idle]);
    if (read === 'idle' || read.done) break;
    entries.push(read.value);
  }
  leaving.abort();
  return entries;
}

const idsOf = (entries: readonly LogEntry[]) =>
  entries.map((entry) => (entry.type === 'event' ? entry.event.id : entry.type));

test('a reader begins now, and goes on where it left', async () => {
  const log = newLog();
  log.append(eventOf(0), mine);
  expect(await readNow(log)).toEqual([{ type: 'start', position: 'run1-1' }]);
  log.append(eventOf(1), mine);
  expect(idsOf(await readNow(log, { after: 'run1-1' }))).toEqual(['start', '1']);
  expect(idsOf(await readNow(log, { after: 'run1-0' }))).toEqual(['start', '0', '1']);
  expect(idsOf(await readNow(log, { after: 'run1-2' }))).toEqual(['start']);
});

test.each(['run0-1', 'run1-3', 'run1-', 'x', ''])('the position %j is a gap', async (after) => {
  const log = newLog();
  log.append(eventOf(0), mine);
  expect(await readNow(log, { after })).toEqual([{ type: 'gap', position: 'run1-1' }]);
});

test('a reader that is slower than the log is long has a gap, and goes on after it', async () => {
  const log = newLog(4);
  for (let n = 0; n < 5; n += 1) log.append(eventOf(n), mine);
  expect(idsOf(await readNow(log, { after: 'run1-0' }))).toEqual(['start', 'gap']);
  expect(idsOf(await readNow(log, { after: 'run1-1' }))).toEqual(['start', '1', '2', '3', '4']);
});

test('an interruption is a gap for all, also for those that have seen everything', async () => {
  const log = newLog();
  log.append(eventOf(0), mine);
  const after = log.position;
  log.interrupt();
  expect(idsOf(await readNow(log, { after }))).toEqual(['start', 'gap']);
  log.append(eventOf(2), mine);
  expect(idsOf(await readNow(log, { after }))).toEqual(['start', 'gap']);
  expect(idsOf(await readNow(log, { after: 'run1-2' }))).toEqual(['start', '2']);
});

test('an account gets what is for it or for everyone, and what it wants of that', async () => {
  const log = newLog(8);
  log.append(eventOf(0), mine);
  log.append(eventOf(1), { everyone: true, accountIds: [] });
  log.append(eventOf(2), { everyone: false, accountIds: [other] });
  log.append(eventOf(3), { everyone: false, accountIds: [other, owner] });
  const after = 'run1-0';
  expect(idsOf(await readNow(log, { after }))).toEqual(['start', '0', '1', '3']);
  expect(idsOf(await readNow(log, { after, accountId: other }))).toEqual(['start', '1', '2', '3']);
  const wanted = ({ id }: PlatformEvent) => id === '3';
  expect(idsOf(await readNow(log, { after, wanted }))).toEqual(['start', '3']);
});

test('a reader that waits is woken, and ends when it is aborted', async () => {
  const log = newLog();
  const leaving = new AbortController();
  const reader = log.read({ accountId: owner }, leaving.signal);
  await reader.next();
  const event = reader.next();
  log.append(eventOf(7), mine);
  expect((await event).value).toMatchObject({ event: { id: '7' } });
  const end = reader.next();
  leaving.abort();
  expect(await end).toEqual({ done: true, value: undefined });
});

test('a reader that reads at any pace sees every event once, or a gap where events are missing', async () => {
  const steps = fc.array(fc.boolean(), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(steps, async (isAppend) => {
      const log = newLog(5);
      const leaving = new AbortController();
      const reader = log.read({ accountId: owner, after: log.position }, leaving.signal);
      await reader.next();
      let appended = 0;
      let expected = 0;
      for (const append of isAppend) {
        if (append) {
          log.append(eventOf(appended), mine);
          appended += 1;
        } else if (expected < appended) {
          const { value: entry } = await reader.next();
          if (entry?.type === 'gap') {
            expect(appended - expected).toBeGreaterThan(5);
            expected = appended;
          } else {
            expect(entry).toMatchObject({ event: { id: String(expected) } });
            expected += 1;
          }
        }
      }
      leaving.abort();
    }),
  );
});
