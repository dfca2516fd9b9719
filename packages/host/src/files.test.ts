import { mkdtemp, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  exists,
  filesIn,
  hasCode,
  isMissing,
  readBytesIfExists,
  readFolderIfExists,
  readTextIfExists,
  statIfExists,
} from './files.ts';

test('what exists is read; what does not is undefined, and nothing else is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-files-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'a');
  expect([await exists(path), await readTextIfExists(path)]).toEqual([false, undefined]);
  expect(await readFolderIfExists(join(folder, 'none'))).toEqual([]);
  expect(await statIfExists(path)).toBeUndefined();
  await writeFile(path, 'text');
  expect([await exists(path), await readTextIfExists(path)]).toEqual([true, 'text']);
  expect(await readBytesIfExists(path)).toEqual(Buffer.from('text'));
  expect(await readFolderIfExists(folder)).toEqual(['a']);
  expect((await statIfExists(path))?.size).toBe(4);
  await expect(statIfExists(join(path, 'b'))).rejects.toSatisfy((error) =>
    hasCode(error, 'ENOTDIR'),
  );
  await expect(readTextIfExists(folder)).rejects.toSatisfy((error) => hasCode(error, 'EISDIR'));
  await expect(readFolderIfExists(path)).rejects.toSatisfy((error) => !isMissing(error));
});

test('files are counted by what they take of the disk, not by what they seem to have', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-files-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  expect(await filesIn(join(folder, 'none'))).toEqual([]);
  await writeFile(join(folder, 'full'), Buffer.alloc(8192, 'x'));
  await truncate(join(folder, 'full'), 1 << 30);
  await symlink('/etc/passwd', join(folder, 'link'));
  const [full, link] = (await filesIn(folder)).toSorted((a, b) => a.name.localeCompare(b.name));
  const { uid, dev, ino } = await stat(join(folder, 'full'));
  expect(full).toMatchObject({ name: 'full', owner: uid, device: dev, inode: ino });
  expect(full?.bytes).toBeLessThan(1 << 20);
  expect(link?.inode).not.toBe((await stat('/etc/passwd')).ino);
});
