import { mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiB } from '@bakehouse/base';
import { NotPlainError } from '@bakehouse/host';
import { expect, onTestFinished, test } from 'vitest';
import { takeScreenshot } from './screenshot.ts';

async function withScreen(dump: (path: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-screen-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const execute = async () => await dump(join(folder, 'screen.ppm'));
  return { folder, shot: takeScreenshot({ execute }, folder) };
}

test('the screen is a picture, and its file is gone', async () => {
  const pixels = Buffer.alloc(12, 200);
  const { folder, shot } = await withScreen((path) =>
    writeFile(path, Buffer.concat([Buffer.from('P6\n2 2\n255\n'), pixels])),
  );
  expect((await shot).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
  expect(await readdir(folder)).toEqual([]);
});

test('a picture that no screen has is not read, nor what is none', async () => {
  const large = await withScreen((path) => truncate(path, 64 * MiB + 1));
  await expect(large.shot).rejects.toThrow('at most 67108864 are read');
  const link = await withScreen(async (path) => {
    await rm(path);
    await symlink('/etc/passwd', path);
  });
  await expect(link.shot).rejects.toBeInstanceOf(NotPlainError);
  expect(await readdir(link.folder)).toEqual([]);
});
