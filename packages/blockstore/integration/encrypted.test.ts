import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { encodeHead } from '../src/format/map-head-format.ts';
import { makePage } from '../src/format/page-format.ts';
import { encodeRecordHeader, encodeSegmentHeader } from '../src/format/record-format.ts';
import { namePage } from '../src/maps/page-store.ts';
import { bytesSource } from './support/bytes-source.ts';
import { type TemporaryStore, temporaryStore } from './support/temporary-store.ts';

/** What a later version leaves, that has keys: docs/formats/segments.md, "Key ids". */
const keyId = '00112233445566778899aabbccddeeff';

/** Adds a map of one encrypted chunk at block 3 of 8. */
async function addEncryptedMap(store: TemporaryStore): Promise<void> {
  await store.close();
  const contentId = randomBytes(32);
  const payload = randomBytes(5000);
  const chunk = encodeRecordHeader({
    kind: 'chunks',
    contentId,
    compressed: true,
    rawLength: blockSizeBytes,
    storedLength: payload.length,
    keyId,
    payloadCrc: crc32(payload),
  });
  const made = makePage(0, [undefined, undefined, undefined, contentId]);
  if (made === undefined) throw new Error('a page with a place exists');
  const page = namePage(made);
  const pageRecord = encodeRecordHeader({
    kind: 'pages',
    contentId: page.id,
    compressed: false,
    rawLength: page.bytes.length,
    storedLength: page.bytes.length,
    keyId: undefined,
    payloadCrc: crc32(page.bytes),
  });
  const write = (name: string, ...pieces: Buffer[]) =>
    writeFile(join(store.directory, name), Buffer.concat(pieces));
  await write('segments/0000000050.seg', encodeSegmentHeader(50, 'chunks'), chunk, payload);
  await write('pages/0000000051.seg', encodeSegmentHeader(51, 'pages'), pageRecord, page.bytes);
  const sizes = { sizeBytes: 8 * blockSizeBytes, blockCount: 1, readBytes: 0, addedBytes: 0 };
  const head = { mapId: 'map-secret' as const, ...sizes, keyId, root: page.id };
  await write('maps/map-secret.head', encodeHead(head));
  await store.reopen();
}

test('an encrypted map is kept, listed, compared and counted; reading its blocks names the missing key', async () => {
  await using temporary = await temporaryStore();
  await addEncryptedMap(temporary);
  const bytes = randomBytes(4 * blockSizeBytes);
  await temporary.capture('map-plain', bytesSource(bytes));
  const store = temporary.store();
  const isUnknownKey = { name: 'KeyUnknownError', keyId };
  await expect(store.readBlock('map-secret', 3)).rejects.toMatchObject(isUnknownKey);
  await expect(store.openMap('map-secret')).rejects.toMatchObject(isUnknownKey);
  const capture = temporary.capture('map-on-it', bytesSource(bytes), { baseMapId: 'map-secret' });
  await expect(capture).rejects.toMatchObject(isUnknownKey);
  const draft = { mapId: 'map-draft', sizeBytes: blockSizeBytes, baseMapId: 'map-secret' } as const;
  await expect(store.begin(draft)).rejects.toMatchObject(isUnknownKey);
  const { blocks } = await store.listBlocks('map-secret', { limit: 9 });
  expect(blocks.map(({ blockIndex }) => blockIndex)).toEqual([3]);
  const maps = { before: 'map-plain', after: 'map-secret' } as const;
  expect((await store.diffBlocks(maps, { limit: 9 })).differences).toHaveLength(4);
  expect((await store.verify()).problems).toEqual([]);
  const usage = await store.usage();
  expect(usage.reclaimableBytes).toBe(0);
  expect(usage.held).toHaveLength(2);
});

test('prune copies encrypted chunks as they are, and verify finds a flipped byte in one without its key', async () => {
  await using temporary = await temporaryStore();
  await addEncryptedMap(temporary);
  const path = join(temporary.directory, 'segments', '0000000050.seg');
  const secret = (await readFile(path)).subarray(32);
  // A dead record behind the chunk makes prune copy what is alive.
  await temporary.close();
  const dead = encodeRecordHeader({
    kind: 'chunks',
    contentId: randomBytes(32),
    compressed: false,
    rawLength: blockSizeBytes,
    storedLength: blockSizeBytes,
    keyId: undefined,
    payloadCrc: crc32(Buffer.alloc(blockSizeBytes)),
  });
  const header = encodeSegmentHeader(50, 'chunks');
  await writeFile(path, Buffer.concat([header, dead, Buffer.alloc(blockSizeBytes), secret]));
  await temporary.reopen();
  await temporary.store().prune(new Set());
  expect((await temporary.store().verify()).problems).toEqual([]);
  const [name = ''] = (await readdir(join(temporary.directory, 'segments'))).filter((each) =>
    each.endsWith('.seg'),
  );
  const copied = join(temporary.directory, 'segments', name);
  const bytes = await readFile(copied);
  expect(name).not.toBe('0000000050.seg');
  expect(bytes.subarray(32)).toEqual(secret);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await writeFile(copied, bytes);
  expect((await temporary.store().verify()).problems).toMatchObject([
    { what: 'chunk', usedBy: ['map-secret'] },
  ]);
});
