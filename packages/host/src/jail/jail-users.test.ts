import { chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { JailError } from './jail-error.ts';
import { jailUsers } from './jail-users.ts';

const firstId = 800_000;

async function aPlace(size: number) {
  const root = await mkdtemp(join(tmpdir(), 'bakehouse-users-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const options = {
    range: { first: firstId, last: firstId + size - 1 },
    claims: join(root, 'claims'),
  };
  return { root, open: () => jailUsers(options), claims: options.claims };
}

test.runIf(process.getuid?.() === 0)(
  'a folder keeps its user, and no two have the same',
  async () => {
    const { root, open, claims } = await aPlace(3);
    const folders = ['a', 'b', 'c'].map((name) => join(root, name));
    const ids = await Promise.all(folders.map((folder) => open().of(folder)));
    expect(new Set(ids).size).toBe(3);
    expect(await Promise.all(folders.map((folder) => open().of(folder)))).toEqual(ids);
    expect((await stat(join(root, 'a'))).gid).toBe(ids[0]);
    await expect(open().of(join(root, 'd'))).rejects.toBeInstanceOf(JailError);

    // Freed by its owner, or by the end of its folder.
    await open().release(join(root, 'a'));
    expect(await open().of(join(root, 'd'))).toBe(ids[0]);
    await rm(join(root, 'b'), { recursive: true });
    expect(await open().of(join(root, 'e'))).toBe(ids[1]);

    // What was claimed by another since, for example after a boot of the host, is not taken from it.
    await rm(claims, { recursive: true });
    await chown(join(root, 'c'), 0, ids[0] ?? 0);
    expect(await open().of(join(root, 'd'))).toBe(ids[0]);
    expect(await open().of(join(root, 'c'))).not.toBe(ids[0]);

    for (const name of ['c', 'd', 'e']) await open().release(join(root, name));
    expect(await readdir(claims)).toEqual(['lock']);
  },
);

test.runIf(process.getuid?.() === 0)(
  'many at once have an id each, whatever was left of others',
  async () => {
    const size = 12;
    const { root, open, claims } = await aPlace(size);
    const folders = Array.from({ length: size }, (_, index) => join(root, `f${index}`));
    for (let round = 0; round < 20; round += 1) {
      // Claims without a text, without a folder, and of a folder that never got its id.
      await mkdir(claims, { recursive: true });
      await mkdir(join(root, 'unclaimed'), { recursive: true });
      for (let index = 0; index < size; index += 1) {
        const text = ['', join(root, 'removed'), join(root, 'unclaimed')][index % 3] ?? '';
        await writeFile(join(claims, `${firstId + index}`), text);
      }
      const several = [open(), open(), open(), open()];
      const ids = await Promise.all(
        folders.map((folder, index) => several[index % several.length]?.of(folder)),
      );
      expect(new Set(ids).size).toBe(size);
      const groups = await Promise.all(folders.map(async (folder) => (await stat(folder)).gid));
      expect(groups).toEqual(ids);
      const [kept = '', ...others] = folders;
      await Promise.all([
        ...others.map(async (folder) => {
          await open().release(folder);
          await rm(folder, { recursive: true });
        }),
        open().of(kept),
      ]);
      await rm(kept, { recursive: true });
    }
  },
);

test.runIf(process.getuid?.() === 0)('a choice waits for that of another process', async () => {
  const { root, open, claims } = await aPlace(2);
  await mkdir(claims);
  const other = new DatabaseSync(join(claims, 'lock'));
  other.exec('BEGIN EXCLUSIVE');
  let isChosen = false;
  const choice = open()
    .of(join(root, 'a'))
    .then(() => {
      isChosen = true;
    });
  // Longer than a choice takes that waits for nobody.
  const elsewhere = await aPlace(5);
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    await elsewhere.open().of(join(elsewhere.root, name));
  expect(isChosen).toBe(false);
  // What the other process takes, this one does not.
  await mkdir(join(root, 'b'));
  await writeFile(join(claims, `${firstId}`), join(root, 'b'));
  await chown(join(root, 'b'), 0, firstId);
  other.close();
  await choice;
  expect((await stat(join(root, 'a'))).gid).toBe(firstId + 1);
});

test.runIf(process.getuid?.() === 0)(
  'a folder keeps its id under another range until the host boots',
  async () => {
    const { root, open, claims } = await aPlace(2);
    const folder = join(root, 'a');
    const id = await open().of(folder);
    const next = () => jailUsers({ range: { first: 900_000, last: 900_001 }, claims });
    expect(await next().of(folder)).toBe(id);
    expect([id, 900_000, 65_535].map(next().has)).toEqual([true, true, false]);
    // As a boot does it, which no machine survives.
    await rm(claims, { recursive: true });
    expect(await next().of(folder)).toBeGreaterThanOrEqual(900_000);
    await next().release(folder);
    expect(await readdir(claims)).toEqual(['lock']);
  },
);

test.runIf(process.getuid?.() === 0)(
  'lower ids, as a user namespace has them, are kept and freed likewise',
  async () => {
    const { root, claims } = await aPlace(1);
    const range = { first: 10_000, last: 10_001 };
    const users = jailUsers({ range, ids: { first: 10_000, last: 59_999 }, claims });
    const folder = join(root, 'a');
    const id = await users.of(folder);
    expect([9999, id, 59_999, 60_000].map(users.has)).toEqual([false, true, true, false]);
    await users.release(folder);
    expect(await readdir(claims)).toEqual(['lock']);
  },
);
