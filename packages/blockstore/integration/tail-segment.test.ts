import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@bakehouse/base';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { SegmentSet } from '../src/segments/segment-set.ts';
import { TailSegment } from '../src/segments/tail-segment.ts';
import { TailWriter } from '../src/segments/tail-writer.ts';
import { FlushFailedError } from '../src/store-errors.ts';
import { failNextFlush, watchFlushes } from './support/failing-flush.ts';
import { MemoryFiles } from './support/memory-files.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockstore-segment-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const make = (number: number) =>
  TailSegment.create(number, { kind: 'chunks', path: join(folder, `${number}.seg`) });

test('a flush and a cut at the same time: what is appended next does not count as flushed', async () => {
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

test('after a failed flush no later one succeeds, until the rest is cut off', async () => {
  const segment = await make(2);
  await segment.append([randomBytes(1000)]);
  await segment.sync();
  const flushed = segment.sizeBytes;
  await segment.append([randomBytes(1000)]);
  await failNextFlush();
  await expect(segment.sync()).rejects.toBeInstanceOf(FlushFailedError);
  await expect(segment.sync()).rejects.toBeInstanceOf(FlushFailedError);
  expect(segment).toMatchObject({ isInDoubt: true, syncedBytes: flushed });
  await expect(segment.truncate(segment.sizeBytes - 1)).rejects.toBeInstanceOf(FlushFailedError);
  expect((await stat(segment.path)).size).toBe(segment.sizeBytes);
  await segment.truncate(flushed);
  expect(segment).toMatchObject({ isInDoubt: false, sizeBytes: flushed, syncedBytes: flushed });
  expect((await stat(segment.path)).size).toBe(flushed);
  await segment.close();
});

/** A writer with records of 1,000 bytes in one tail, none of them flushed. */
async function tailOf(recordCount: number) {
  const logger = silentLogger;
  const tail = await mkdtemp(join(folder, 'tail-'));
  const segments = new SegmentSet({ files: new MemoryFiles(), tail, logger });
  const writer = new TailWriter({ segments, kind: 'chunks', segmentBytesMax: 1 << 20, logger });
  const ids = Array.from({ length: recordCount }, () => randomBytes(32));
  for (const contentId of ids) await writer.append([aRecord(contentId)]);
  const [segment] = segments.segments();
  if (!(segment instanceof TailSegment)) throw new Error('no record is in a tail');
  return { segments, writer, ids, segment };
}

const aRecord = (contentId: Uint8Array) => ({
  contentId,
  bytes: randomBytes(1000),
  compressed: false,
  rawLength: 1000,
  usedAt: 0,
});

test('a tail that is sealed before the cut has its turn is not cut, as its file is closed', async () => {
  const { segments, writer, segment } = await tailOf(2);
  const sealing = writer.sealIf(() => true);
  expect(await writer.trim(segment, () => segment.sizeBytes - 1)).toBe(0);
  await sealing;
  expect(segments.entriesOf(segment).length).toBe(2);
});

test('a flush that fails while a cut waits for it undoes what the cut would have kept, too', async () => {
  const { segments, writer, ids, segment } = await tailOf(2);
  await writer.watch().sync();
  const unflushed = [randomBytes(32), randomBytes(32)];
  await writer.append(unflushed.slice(0, 1).map(aRecord));
  const cutAt = segment.sizeBytes;
  await writer.append(unflushed.slice(1).map(aRecord));
  const flush = await watchFlushes();
  const failing = Promise.withResolvers<void>();
  flush.mockImplementationOnce(() => failing.promise);
  const syncing = expect(writer.watch().sync()).rejects.toBeInstanceOf(FlushFailedError);
  const cutting = expect(writer.trim(segment, () => cutAt)).rejects.toBeInstanceOf(
    FlushFailedError,
  );
  failing.reject(new Error('EIO'));
  await Promise.all([syncing, cutting]);
  expect(unflushed.map((id) => segments.index.has(id))).toEqual([false, false]);
  expect(ids.map((id) => segments.index.has(id))).toEqual([true, true]);
});

test('a content that is stored again keeps its first record, which may be durable, when the flush of the second fails', async () => {
  const { segments, writer, ids } = await tailOf(1);
  await writer.watch().sync();
  const stored = ids.map((id) => segments.index.find(id));
  await writer.append(ids.map(aRecord));
  await failNextFlush();
  await expect(writer.watch().sync()).rejects.toBeInstanceOf(FlushFailedError);
  expect(ids.map((id) => segments.index.find(id))).toEqual(stored);
});
