import { chown, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { JailError } from './jail-error.ts';
import { jailUsers } from './jail-users.ts';

async function aPlace(size: number) {
  const root = await mkdtemp(join(tmpdir(), 'bakehouse-users-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const options = {
    range: { first: 800_000, last: 800_000 + size - 1 },
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
    expect(await readdir(root)).not.toContain('claims');
  },
);
