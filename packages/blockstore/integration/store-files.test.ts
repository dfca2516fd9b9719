import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { FolderFiles } from '../src/files/folder-files.ts';
import {
  FileMissingError,
  readRange,
  readWhole,
  type StoreFiles,
} from '../src/files/store-files.ts';
import { failNextFolderSync } from './support/failing-flush.ts';
import { MemoryFiles } from './support/memory-files.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockstore-files-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

/** A folder with room for unfinished files, as a store's. */
async function openFolder() {
  const root = await mkdtemp(join(folder, 'root-'));
  const tmp = join(root, 'tmp');
  await mkdir(tmp);
  await mkdir(join(root, 'maps'));
  return { files: new FolderFiles(root, tmp), root, tmp };
}

/** The promises of `StoreFiles`. */
function describeStoreFiles(name: string, open: () => Promise<StoreFiles>): void {
  describe(`${name} keeps files that never change`, () => {
    test('what is published is read whole and in ranges, and listed', async () => {
      const files = await open();
      const content = randomBytes(10_000);
      await files.publish('maps/one', content);
      await files.publish('maps/two', content.subarray(0, 5));
      expect(await readWhole(files, 'maps/one')).toEqual(content);
      const range = { offset: 9000, lengthBytes: 500 };
      expect(await readRange(files, 'maps/one', range)).toEqual(content.subarray(9000, 9500));
      expect(await files.sizeOf('maps/two')).toBe(5);
      expect((await files.list('maps')).toSorted()).toEqual(['one', 'two']);
      expect(await files.list('pages')).toEqual([]);
      await files.close();
    });

    test('a range over the end has fewer bytes', async () => {
      const files = await open();
      await files.publish('maps/one', Buffer.from('abc'));
      const read = (offset: number) => readRange(files, 'maps/one', { offset, lengthBytes: 5 });
      expect(String(await read(1))).toBe('bc');
      expect(await read(3)).toHaveLength(0);
      expect(await read(99)).toHaveLength(0);
      await files.close();
    });

    test('publishing again replaces, also for who has read the file before', async () => {
      const files = await open();
      await files.publish('maps/one', Buffer.from('before'));
      expect(String(await readWhole(files, 'maps/one'))).toBe('before');
      await files.publish('maps/one', Buffer.from('after'));
      expect(String(await readWhole(files, 'maps/one'))).toBe('after');
      await files.close();
    });

    test('a local file is taken over, and is no longer where it was', async () => {
      const files = await open();
      const path = join(folder, 'local');
      await writeFile(path, 'segment');
      await files.adopt('segments/one', path);
      expect(String(await readWhole(files, 'segments/one'))).toBe('segment');
      await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
      await files.close();
    });

    test('a file that is removed is missing, and removing it again is harmless', async () => {
      const files = await open();
      await files.publish('maps/one', Buffer.from('abc'));
      await readWhole(files, 'maps/one');
      await files.remove(['maps/one', 'pages/none']);
      await files.remove(['maps/one']);
      const isMissing = expect.any(FileMissingError);
      await expect(files.sizeOf('maps/one')).rejects.toEqual(isMissing);
      await expect(files.readInto('maps/one', 0, Buffer.alloc(1))).rejects.toEqual(isMissing);
      expect(await files.list('maps')).toEqual([]);
      await files.close();
    });
  });
}

describeStoreFiles('a folder', async () => (await openFolder()).files);
describeStoreFiles('memory', async () => new MemoryFiles());

test('a file whose name did not become durable is not there, and nothing is left of it', async () => {
  const { files, tmp } = await openFolder();
  await failNextFolderSync();
  await expect(files.publish('maps/one', Buffer.from('abc'))).rejects.toThrow('EIO');
  expect(await files.list('maps')).toEqual([]);
  expect(await readdir(tmp)).toEqual([]);
  await files.close();
});

test('a local file stays where it is when its new name did not become durable', async () => {
  const { files, root } = await openFolder();
  const path = join(root, 'local');
  await writeFile(path, 'segment');
  const failed = Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
  const handle = await import('node:fs/promises').then(({ open }) => open(path));
  vi.spyOn(Object.getPrototypeOf(handle), 'sync').mockRejectedValueOnce(failed);
  await handle.close();
  await expect(files.adopt('segments/one', path)).rejects.toThrow('EIO');
  expect((await stat(path)).size).toBe(7);
  expect(await files.list('segments')).toEqual([]);
  await files.close();
});

test('more files than may be open at one time are read, also at the same time', async () => {
  const { files } = await openFolder();
  const names = Array.from({ length: 600 }, (_, at) => `maps/${at}`);
  for (const name of names) await files.publish(name, Buffer.from(name));
  const before = (await readdir('/proc/self/fd')).length;
  const read = await Promise.all(names.map((name) => readWhole(files, name)));
  expect(read.map(String)).toEqual(names);
  await vi.waitFor(async () => {
    expect((await readdir('/proc/self/fd')).length - before).toBeLessThanOrEqual(256);
  });
  await files.remove(names);
  await files.close();
  await vi.waitFor(async () => {
    expect((await readdir('/proc/self/fd')).length).toBeLessThanOrEqual(before);
  });
});
