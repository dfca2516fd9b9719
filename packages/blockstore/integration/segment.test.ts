import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { Segment } from '../src/segment.ts';
import { FlushFailedError } from '../src/store-errors.ts';
import { failNextFlush, watchFlushes } from './support/failing-flush.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockstore-segment-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const make = (number: number) => Segment.create(number, join(folder, `${number}.seg`));

test('a flush and a cut at the same time: what is appended next is not taken for flushed', async () => {
  const segment = await make(1);
  await segment.append([randomBytes(1 << 20)]);
  const flush = await watchFlushes();
  const cut = Promise.withResolvers<void>();
  const flushFile = flush.getMockImplementation();
  // Should the flush begin while the cut runs, it ends after it.
  flush.mockImplementation(async () => {
    await cut.promise;
    await flushFile?.();
  });
  const cutting = segment.truncate(1000).then(cut.resolve);
  await Promise.all([cutting, segment.sync()]);
  expect(segment.syncedBytes).toBe(segment.sizeBytes);
  await segment.append([randomBytes(5000)]);
  expect(segment.syncedBytes).toBeLessThan(segment.sizeBytes);
  const before = flush.mock.calls.length;
  await segment.sync();
  expect(flush.mock.calls.length).toBe(before + 1);
  await segment.close();
});

test('after a failed flush no later one says that all is well, until the rest is cut off', async () => {
  const segment = await make(2);
  await segment.append([randomBytes(1000)]);
  await segment.sync();
  const flushed = segment.sizeBytes;
  await segment.append([randomBytes(1000)]);
  await failNextFlush();
  await expect(segment.sync()).rejects.toBeInstanceOf(FlushFailedError);
  await expect(segment.sync()).rejects.toBeInstanceOf(FlushFailedError);
  expect(segment).toMatchObject({ isInDoubt: true, syncedBytes: flushed });
  await segment.truncate(segment.sizeBytes);
  expect(segment).toMatchObject({ isInDoubt: false, sizeBytes: flushed, syncedBytes: flushed });
  expect((await stat(segment.path)).size).toBe(flushed);
  await segment.close();
});
