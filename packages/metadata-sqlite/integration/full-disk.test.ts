import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteMetadataStore } from '../src/index.ts';

const isRoot = process.getuid?.() === 0;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bakehouse-metadata-'));
  if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]);
});
afterEach(async () => {
  if (isRoot) execFileSync('umount', [folder]);
  await rm(folder, { recursive: true });
});

// Mounting a small file system needs root.
test.runIf(isRoot)('a full disk refuses writes, whole, and the store goes on', async () => {
  const path = join(folder, 'metadata.sqlite');
  let store = await openSqliteMetadataStore({ path });
  const kept: string[] = [];
  const value = 'x'.repeat(40_000);
  const put = (id: string) =>
    store.write(async (tx) => {
      await tx.put('setting', { id, value });
      await tx.put('setting', { id: `${id}-twin`, value: id });
    });
  let refusal: unknown;
  for (let index = 0; !refusal; index += 1) {
    expect(index).toBeLessThan(500);
    await put(`${index}`).then(
      () => kept.push(`${index}`),
      (error: unknown) => {
        refusal = error;
      },
    );
  }
  expect(refusal).toMatchObject({
    name: 'MetadataStoreError',
    database: path,
    isDiskFull: true,
    message: expect.stringMatching(/cannot write .*metadata\.sqlite: .*full.*free space/),
  });
  expect((await statfs(folder)).bavail * 4096).toBeLessThan(200_000);
  await expect(Promise.all([put('late'), put('later')])).rejects.toThrow('free space');

  const expected = kept.flatMap((id) => [id, `${id}-twin`]).sort();
  const ids = () => store.read(async (tx) => (await tx.list('setting')).map(({ id }) => id));
  expect(await ids()).toEqual(expected);
  execFileSync('mount', ['-o', 'remount,size=16m', folder]);
  await put('0');
  await put('after');
  const after = [...expected, 'after', 'after-twin'].sort();
  expect(await ids()).toEqual(after);
  await store.close();
  store = await openSqliteMetadataStore({ path });
  expect(await ids()).toEqual(after);
  await store.close();
});
