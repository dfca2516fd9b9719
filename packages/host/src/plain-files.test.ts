import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { lchown, link, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeFileDurably } from './durable-files.ts';
import { assertPlainNames, NotPlainError, openPlainFile, readPlainFile } from './plain-files.ts';

const user = 700_123;

async function aFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-plain-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return (name: string) => join(folder, name);
}

test('a file is read within its bound; links, pipes and folders are not', async () => {
  const at = await aFolder();
  await writeFile(at('file'), 'text');
  await symlink(at('file'), at('link'));
  execFileSync('mkfifo', [at('pipe')]);
  await mkdir(at('folder'));
  expect((await readPlainFile(at('file'), { bytesMax: 4 }))?.toString()).toBe('text');
  expect(await readPlainFile(at('missing'), { bytesMax: 4 })).toBeUndefined();
  await expect(readPlainFile(at('file'), { bytesMax: 3 })).rejects.toThrow(NotPlainError);
  for (const name of ['link', 'pipe', 'folder']) {
    const { O_RDONLY, O_RDWR } = constants;
    await expect(openPlainFile(at(name), O_RDONLY)).rejects.toThrow(NotPlainError);
    await expect(openPlainFile(at(name), O_RDWR)).rejects.toThrow(NotPlainError);
  }
});

test('a durable write goes through no link in the place of its temporary file', async () => {
  const at = await aFolder();
  await writeFile(at('secret'), 'secret');
  await symlink(at('secret'), at('file.tmp'));
  await writeFileDurably(at('file'), 'new');
  expect(await readFile(at('file'), 'utf8')).toBe('new');
  expect(await readFile(at('secret'), 'utf8')).toBe('secret');
});

test.runIf(process.getuid?.() === 0)(
  'the names that a jail made are what it was to make',
  async () => {
    const at = await aFolder();
    const check = () => assertPlainNames(at('.'), { user, mayMake: (name) => name === 'log' });
    await writeFile(at('record'), '');
    await mkdir(at('own'));
    await writeFile(at('log'), '');
    await lchown(at('log'), user, user);
    await check();

    const refused = async (make: () => Promise<unknown>, name: string) => {
      await make();
      await lchown(at(name), user, user);
      await expect(check()).rejects.toThrow(`${name} is nothing that was to be made there`);
      await rm(at(name), { recursive: true });
    };
    await refused(() => writeFile(at('other'), ''), 'other');
    await rm(at('log'));
    await refused(() => symlink('/etc/shadow', at('log')), 'log');
    await refused(() => mkdir(at('log')), 'log');
    await refused(async () => execFileSync('mkfifo', [at('log')]), 'log');
    await link(at('record'), at('log'));
    await expect(check()).rejects.toThrow(NotPlainError);
  },
);
