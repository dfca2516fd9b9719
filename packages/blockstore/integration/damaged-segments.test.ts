import { randomBytes } from 'node:crypto';
import { appendFile, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, expect, test, vi } from 'vitest';
import { blockSizeBytes } from '../src/format/block-size.ts';
import {
  encodeRecordHeader,
  encodeSegmentHeader,
  recordMagic,
} from '../src/format/record-format.ts';
import { bytesSource } from './support/bytes-source.ts';
import { failReads } from './support/failing-reads.ts';
import { type TemporaryStore, temporaryStore } from './support/temporary-store.ts';

afterEach(() => vi.restoreAllMocks());

/** Two blocks in segment 1, two in a later one; both sealed, with indexes unless those are removed. */
async function twoSegments(): Promise<TemporaryStore & { readonly bytes: Uint8Array }> {
  const store = await temporaryStore(2 * blockSizeBytes);
  const bytes = randomBytes(4 * blockSizeBytes);
  await store.capture('map-0', bytesSource(bytes.subarray(0, 2 * blockSizeBytes)));
  await store.capture('map-1', bytesSource(bytes));
  // One more block seals the second segment.
  await store.capture('map-2', bytesSource(randomBytes(blockSizeBytes)));
  await store.store().prune(new Set(['map-0', 'map-2']));
  return { ...store, bytes };
}

const segmentsOf = async (store: TemporaryStore, folder = 'segments') =>
  (await readdir(join(store.directory, folder))).filter((name) => name.endsWith('.seg')).sort();
const pathOf = (store: TemporaryStore, name: string) => join(store.directory, 'segments', name);

async function corrupt(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, offset);
  await file.write(Buffer.of((buffer[0] ?? 0) ^ 0xff), 0, 1, offset);
}

/** Where the header of the segment's last record begins. */
async function lastRecord(path: string): Promise<number> {
  return (await readFile(path)).lastIndexOf(recordMagic(2));
}

/** A record of which only the header and some of the payload got to the disk. */
function tornRecord(): Buffer {
  const header = encodeRecordHeader({
    kind: 'chunks',
    contentId: randomBytes(32),
    compressed: false,
    rawLength: blockSizeBytes,
    storedLength: blockSizeBytes,
    keyId: undefined,
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
    await writeFile(pathOf(store, '0000000017.seg'), Buffer.alloc(length));
    await writeFile(pathOf(store, '0000000017.idx'), 'left over');
    await writeFile(pathOf(store, '0000000018.seg'), encodeSegmentHeader(18, 'chunks'));
    await store.reopen();
    const names = await readdir(join(store.directory, 'segments'));
    expect(names).toContain('0000000018.seg');
    expect(names.filter((name) => name.startsWith('0000000017'))).toEqual([]);
    await expectContent(store);
    expect((await store.store().verify()).problems).toEqual([]);
  },
);

test.each(['with an index', 'without an index'])(
  'a segment with a damaged header, %s, is read all the same; verify reports it and prune repairs it',
  async (how) => {
    await using store = await twoSegments();
    await store.close();
    const [name = ''] = await segmentsOf(store);
    await corrupt(pathOf(store, name), 9);
    if (how === 'without an index') await rm(pathOf(store, name.replace('seg', 'idx')));
    await store.reopen();
    await expectContent(store);
    expect((await store.store().verify()).problems).toMatchObject([
      { what: 'segment', name: `segments/${name}`, problem: 'has a damaged header' },
    ]);
    await store.store().prune(new Set());
    expect((await store.store().verify()).problems).toEqual([]);
    await store.reopen();
    await expectContent(store);
    expect(await segmentsOf(store)).not.toContain(name);
  },
);

test('nothing is appended to a tail whose header is damaged; it is sealed and read', async () => {
  await using store = await temporaryStore(64 * blockSizeBytes);
  const bytes = randomBytes(blockSizeBytes);
  await store.capture('map-1', bytesSource(bytes));
  await store.close();
  const [name = ''] = await segmentsOf(store, 'tail');
  await corrupt(join(store.directory, 'tail', name), 30);
  await store.reopen();
  expect(await segmentsOf(store)).toEqual([name]);
  await store.capture('map-2', bytesSource(randomBytes(blockSizeBytes)));
  expect(Buffer.compare(await store.readAll('map-1'), bytes)).toBe(0);
  await store.store().prune(new Set());
  expect((await store.store().verify()).problems).toEqual([]);
  expect(Buffer.compare(await store.readAll('map-1'), bytes)).toBe(0);
});

test('a whole header of an unknown version is refused', async () => {
  await using store = await twoSegments();
  await store.close();
  const [name = ''] = await segmentsOf(store);
  const path = pathOf(store, name);
  const whole = await readFile(path);
  const other = Buffer.from(whole.subarray(0, 32));
  other.writeUInt32BE(3, 8);
  other.writeUInt32BE(crc32(other.subarray(0, 28)), 28);
  await writeFile(path, Buffer.concat([other, whole.subarray(32)]));
  await expect(store.reopen()).rejects.toMatchObject({
    name: 'StoreFormatError',
    message: expect.stringContaining('version 3'),
  });
  await writeFile(path, whole);
  await store.reopen();
  await expectContent(store);
});

test('a torn end is cut off whichever segment it is in', async () => {
  await using store = await twoSegments();
  await store.close();
  for (const folder of ['segments', 'tail']) {
    for (const name of await segmentsOf(store, folder)) {
      await appendFile(join(store.directory, folder, name), tornRecord());
    }
  }
  await store.reopen();
  expect((await store.store().verify()).problems).toEqual([]);
  expect((await store.store().usage()).reclaimableBytes).toBe(0);
  await expectContent(store);
});

test.each([0, 1])(
  'an end that may be a chunk of a map stays, and verify reports it: segment %i',
  async (at) => {
    await using store = await twoSegments();
    await store.close();
    const name = (await segmentsOf(store))[at] ?? '';
    const path = pathOf(store, name);
    await rm(path.replace(/seg$/, 'idx'));
    const offset = await lastRecord(path);
    await corrupt(path, offset + 20);
    const before = await readFile(path);
    await store.reopen();
    expect(await readFile(path)).toEqual(before);
    const { problems } = await store.store().verify();
    expect(problems).toMatchObject([
      {
        what: 'segment',
        name: `segments/${name}`,
        problem: `what follows offset ${offset} is no record`,
      },
      { what: 'chunk', problem: 'no segment holds it', usedBy: ['map-1'] },
    ]);
    // Nothing is written behind it, so the bytes stay for whoever knows what they were.
    await store.capture('map-2', bytesSource(store.bytes));
    expect(await readFile(path)).toEqual(before);
    await expectContent(store);
    await store.store().prune(new Set());
    expect((await store.store().verify()).problems).toEqual([]);
  },
);

test('a store opens on a disk that cannot read all of it; what cannot be read is reported and stored again', async () => {
  await using store = await twoSegments();
  await store.close();
  const [name = ''] = await segmentsOf(store);
  const path = pathOf(store, name);
  await rm(path.replace(/seg$/, 'idx'));
  const second = await lastRecord(path);
  // The header of the first record, and some of the payload of the second.
  const badReads = await failReads(path, [40, second + 100_000]);
  await store.reopen();
  expect((await store.store().verify()).problems).toMatchObject([
    {
      what: 'segment',
      name: `segments/${name}`,
      problem: expect.stringContaining('are no records'),
    },
    { what: 'chunk', problem: 'no segment holds it', usedBy: ['map-1'] },
    {
      what: 'chunk',
      problem: expect.stringContaining('the disk cannot read it'),
      usedBy: ['map-1'],
    },
  ]);
  await expect(store.readAll('map-1')).rejects.toMatchObject({ name: 'ContentMissingError' });
  await store.capture('map-2', bytesSource(store.bytes));
  await expectContent(store);
  badReads.mockRestore();
  expect((await store.store().verify()).problems).toEqual([]);
});

test.each([0, 1])(
  'a segment that the disk cannot read all of stays as it is, and prune rewrites the others: segment %i',
  async (at) => {
    await using store = await temporaryStore(3 * blockSizeBytes);
    const bytes = randomBytes(6 * blockSizeBytes);
    // Each segment has a block that is not needed, and two that are.
    for (const part of [0, 2, 4]) {
      const needed = bytes.subarray(part * blockSizeBytes, (part + 2) * blockSizeBytes);
      const disk = Buffer.concat([randomBytes(blockSizeBytes), needed]);
      await store.capture(`map-dead-${part}`, bytesSource(disk));
    }
    await store.capture('map-1', bytesSource(bytes));
    await store.capture('map-last', bytesSource(randomBytes(blockSizeBytes)));
    const names = await segmentsOf(store);
    const bad = names[at] ?? '';
    const sector = (await lastRecord(pathOf(store, bad))) + 1000;
    const badReads = await failReads(pathOf(store, bad), [sector]);
    const dead = new Set(['map-dead-0', 'map-dead-2', 'map-dead-4'] as const);
    expect(await store.store().prune(dead)).toMatchObject({ removedMaps: 3, removedChunks: 2 });
    const left = await segmentsOf(store);
    expect(names.filter((name) => left.includes(name))).toEqual([bad]);
    // What was copied of it is taken back.
    const { reclaimableBytes } = await store.store().usage();
    expect(reclaimableBytes).toBeLessThan(1.5 * blockSizeBytes);
    expect(await store.store().unfinishedFiles()).toEqual([]);
    // Stored again, the block is needed in that segment no longer.
    await store.capture('map-2', bytesSource(bytes));
    await store.store().prune(new Set(['map-2']));
    expect(await segmentsOf(store)).not.toContain(bad);
    badReads.mockRestore();
    expect((await store.store().verify()).problems).toEqual([]);
    expect((await store.store().usage()).reclaimableBytes).toBe(0);
    await store.reopen();
    expect(Buffer.compare(await store.readAll('map-1'), bytes)).toBe(0);
  },
);

test('of a damaged and a whole record of a chunk the whole one counts, though the other is later', async () => {
  await using store = await twoSegments();
  await store.close();
  const [name = ''] = await segmentsOf(store);
  const first = await readFile(pathOf(store, name));
  const later = pathOf(store, '0000000019.seg');
  await writeFile(later, Buffer.concat([encodeSegmentHeader(19, 'chunks'), first.subarray(32)]));
  await corrupt(later, 32 + 72 + 5);
  await store.reopen();
  await expectContent(store);
  expect((await store.store().verify()).problems).toEqual([]);
});

/** Where the records of pages are, and their payloads. */
async function pageRecords(store: TemporaryStore) {
  const [name = ''] = await segmentsOf(store, 'tail').then((names) =>
    Promise.all(
      names.map(async (each) => {
        const bytes = await readFile(join(store.directory, 'tail', each));
        return bytes.readUInt32BE(24) === 1 ? each : '';
      }),
    ).then((found) => found.filter((each) => each !== '')),
  );
  const path = join(store.directory, 'tail', name);
  const bytes = await readFile(path);
  const offsets: number[] = [];
  for (let at = bytes.indexOf('BHPG'); at !== -1; at = bytes.indexOf('BHPG', at + 1)) {
    offsets.push(at);
  }
  return { path, offsets };
}

test('a page with a flipped byte is found by reads and by verify, stops a prune, and is repaired by a capture', async () => {
  await using store = await temporaryStore();
  const bytes = randomBytes(3 * blockSizeBytes);
  await store.capture('map-1', bytesSource(bytes));
  await store.capture('map-2', bytesSource(bytes.subarray(0, blockSizeBytes)));
  const { path, offsets } = await pageRecords(store);
  await store.close();
  await corrupt(path, (offsets[0] ?? 0) + 20);
  await store.reopen();
  const { problems } = await store.store().verify();
  expect(problems).toMatchObject([{ what: 'page', usedBy: ['map-1'] }]);
  const isDamaged = { name: 'MapDamagedError', mapId: 'map-1' };
  await expect(store.readAll('map-1')).rejects.toMatchObject(isDamaged);
  await expect(store.store().listBlocks('map-1', { limit: 9 })).rejects.toMatchObject(isDamaged);
  await expect(store.store().prune(new Set(['map-2']))).rejects.toMatchObject(isDamaged);
  await store.capture('map-3', bytesSource(bytes));
  expect(Buffer.compare(await store.readAll('map-1'), bytes)).toBe(0);
  await store.store().prune(new Set(['map-3']));
  expect((await store.store().verify()).problems).toEqual([]);
  await store.reopen();
  expect(Buffer.compare(await store.readAll('map-1'), bytes)).toBe(0);
});

test('a map whose pages are lost is reported, and others go on when it is removed', async () => {
  await using store = await temporaryStore();
  const bytes = randomBytes(2 * blockSizeBytes);
  await store.capture('map-1', bytesSource(bytes));
  await store.capture('map-2', bytesSource(bytes.subarray(0, blockSizeBytes)));
  const { path, offsets } = await pageRecords(store);
  await store.close();
  const whole = await readFile(path);
  // The first page's record, header and payload, is overwritten.
  whole.fill(0, (offsets[0] ?? 0) - 72, (offsets[1] ?? 0) - 72);
  await writeFile(path, whole);
  await store.reopen();
  const { problems } = await store.store().verify();
  expect(problems).toMatchObject([
    { what: 'segment', problem: expect.stringContaining('are no records') },
    { what: 'page', problem: expect.stringContaining('is in no segment'), usedBy: ['map-1'] },
  ]);
  await store.store().prune(new Set(['map-1']));
  expect((await store.store().verify()).problems).toEqual([]);
  expect((await store.readAll('map-2')).length).toBe(blockSizeBytes);
});
