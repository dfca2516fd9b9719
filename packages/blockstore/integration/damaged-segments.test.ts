import { randomBytes } from 'node:crypto';
import { appendFile, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, expect, test, vi } from 'vitest';
import { blockSizeBytes } from '../src/block-size.ts';
import { encodeRecordHeader, encodeSegmentHeader, recordMagic } from '../src/record-format.ts';
import { bytesSource } from './support/bytes-source.ts';
import { failReads } from './support/failing-reads.ts';
import { type TemporaryStore, temporaryStore } from './support/temporary-store.ts';

afterEach(() => vi.restoreAllMocks());

/** Two blocks in segment 1, two in segment 2; sealed with indexes unless those are taken away. */
async function twoSegments(): Promise<TemporaryStore & { readonly bytes: Uint8Array }> {
  const store = await temporaryStore(2 * blockSizeBytes);
  const bytes = randomBytes(4 * blockSizeBytes);
  await store.capture('map-0', bytesSource(bytes.subarray(0, 2 * blockSizeBytes)));
  await store.capture('map-1', bytesSource(bytes));
  await store.engine().prune(new Set(['map-0']));
  return { ...store, bytes };
}

const segmentsOf = async (store: TemporaryStore) =>
  (await readdir(join(store.directory, 'segments'))).filter((name) => name.endsWith('.seg')).sort();
const pathOf = (store: TemporaryStore, name: string) => join(store.directory, 'segments', name);

async function spoil(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, offset);
  await file.write(Buffer.of((buffer[0] ?? 0) ^ 0xff), 0, 1, offset);
}

/** Where the header of the segment's last record begins. */
async function lastRecord(path: string): Promise<number> {
  return (await readFile(path)).lastIndexOf(recordMagic);
}

/** A record of which only the header and some of the payload got to the disk. */
function tornRecord(): Buffer {
  const header = encodeRecordHeader({
    chunkId: randomBytes(32),
    compressed: false,
    storedLength: blockSizeBytes,
    payloadCrc: 1,
  });
  return Buffer.concat([header, randomBytes(1000)]);
}

async function expectContent(store: TemporaryStore & { bytes: Uint8Array }): Promise<void> {
  expect(Buffer.compare(await store.readAll('map-1'), store.bytes)).toBe(0);
}

test.each([0, 31, 32])(
  'a segment of %i bytes without a header is removed, also when others follow it',
  async (length) => {
    await using store = await twoSegments();
    await store.close();
    await writeFile(pathOf(store, '0000000007.seg'), Buffer.alloc(length));
    await writeFile(pathOf(store, '0000000007.idx'), 'left over');
    await writeFile(pathOf(store, '0000000008.seg'), encodeSegmentHeader(8));
    await store.reopen();
    expect(await segmentsOf(store)).toEqual(['0000000001.seg', '0000000002.seg', '0000000008.seg']);
    expect(await readdir(join(store.directory, 'segments'))).not.toContain('0000000007.idx');
    await expectContent(store);
    expect((await store.engine().verify()).problems).toEqual([]);
  },
);

test.each(['with an index', 'without an index'])(
  'a segment with a spoilt header, %s, is read all the same; verify tells and prune mends',
  async (how) => {
    await using store = await twoSegments();
    await store.close();
    const [name = ''] = await segmentsOf(store);
    await spoil(pathOf(store, name), 9);
    if (how === 'without an index') await rm(pathOf(store, name.replace('seg', 'idx')));
    await store.reopen();
    await expectContent(store);
    expect((await store.engine().verify()).problems).toMatchObject([
      { what: 'segment', name: pathOf(store, name), problem: 'has a damaged header' },
    ]);
    await store.engine().prune(new Set());
    expect((await store.engine().verify()).problems).toEqual([]);
    await store.reopen();
    await expectContent(store);
    expect(await segmentsOf(store)).not.toContain(name);
  },
);

test('nothing is appended to a last segment whose header is spoilt', async () => {
  await using store = await temporaryStore(64 * blockSizeBytes);
  await store.capture('map-1', bytesSource(randomBytes(blockSizeBytes)));
  await store.close();
  await spoil(pathOf(store, '0000000001.seg'), 30);
  await store.reopen();
  await store.capture('map-2', bytesSource(randomBytes(blockSizeBytes)));
  expect(await segmentsOf(store)).toEqual(['0000000001.seg', '0000000002.seg']);
});

test('a whole header of another version is refused', async () => {
  await using store = await twoSegments();
  await store.close();
  const path = pathOf(store, '0000000001.seg');
  const whole = await readFile(path);
  const other = Buffer.from(encodeSegmentHeader(1));
  other.writeUInt32BE(2, 8);
  other.writeUInt32BE(crc32(other.subarray(0, 28)), 28);
  await writeFile(path, Buffer.concat([other, whole.subarray(32)]));
  await expect(store.reopen()).rejects.toMatchObject({
    name: 'StoreFormatError',
    message: expect.stringContaining('version 2'),
  });
  await writeFile(path, whole);
  await store.reopen();
  await expectContent(store);
});

test('a torn end is cut off whichever segment it is in', async () => {
  await using store = await twoSegments();
  await store.close();
  const names = await segmentsOf(store);
  for (const name of names) await appendFile(pathOf(store, name), tornRecord());
  await store.reopen();
  expect((await store.engine().verify()).problems).toEqual([]);
  expect((await store.engine().usage()).reclaimableBytes).toBe(0);
  await expectContent(store);
});

test.each([0, 1])(
  'an end that may be a chunk of a map stays, and verify tells: segment %i',
  async (at) => {
    await using store = await twoSegments();
    await store.close();
    const path = pathOf(store, (await segmentsOf(store))[at] ?? '');
    await rm(path.replace(/seg$/, 'idx'));
    const offset = await lastRecord(path);
    await spoil(path, offset + 20);
    const before = await readFile(path);
    await store.reopen();
    expect(await readFile(path)).toEqual(before);
    const { problems } = await store.engine().verify();
    expect(problems).toMatchObject([
      { what: 'segment', name: path, problem: `what follows offset ${offset} is no record` },
      { what: 'chunk', problem: 'no segment holds it', usedBy: ['map-1'] },
    ]);
    // Nothing is written behind it, so the bytes are there for whoever knows what they were.
    await store.capture('map-2', bytesSource(store.bytes));
    expect(await readFile(path)).toEqual(before);
    await expectContent(store);
    await store.engine().prune(new Set());
    expect((await store.engine().verify()).problems).toEqual([]);
  },
);

test('a store opens on a disk that cannot read all of it; what cannot be read is told and stored anew', async () => {
  await using store = await twoSegments();
  await store.close();
  const path = pathOf(store, '0000000001.seg');
  await rm(path.replace(/seg$/, 'idx'));
  const second = await lastRecord(path);
  // The header of the first record, and some of the payload of the second.
  const badReads = await failReads(path, [40, second + 100_000]);
  await store.reopen();
  expect((await store.engine().verify()).problems).toMatchObject([
    { what: 'segment', name: path, problem: expect.stringContaining('are no records') },
    { what: 'chunk', problem: 'no segment holds it', usedBy: ['map-1'] },
    {
      what: 'chunk',
      problem: expect.stringContaining('the disk cannot read it'),
      usedBy: ['map-1'],
    },
  ]);
  await expect(store.readAll('map-1')).rejects.toMatchObject({ name: 'ChunkMissingError' });
  await store.capture('map-2', bytesSource(store.bytes));
  await expectContent(store);
  badReads.mockRestore();
  expect((await store.engine().verify()).problems).toEqual([]);
});

test('of a damaged and a whole record of a chunk the whole one counts, though the other is later', async () => {
  await using store = await twoSegments();
  await store.close();
  const first = await readFile(pathOf(store, '0000000001.seg'));
  await writeFile(
    pathOf(store, '0000000009.seg'),
    Buffer.concat([encodeSegmentHeader(9), first.subarray(32)]),
  );
  await spoil(pathOf(store, '0000000009.seg'), 32 + 56 + 5);
  await store.reopen();
  await expectContent(store);
  expect((await store.engine().verify()).problems).toEqual([]);
});
