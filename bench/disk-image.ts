import { execFile } from 'node:child_process';
import { glob, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { MiB } from '@bakehouse/base';

const run = promisify(execFile);
const contentBytes = 560 * MiB;

/** A raw ext4 disk image filled with some 560 MiB of this machine's own programs and libraries. */
export async function makeDiskImage(folder: string, sizeGiB: number): Promise<string> {
  const path = join(folder, 'disk.raw');
  const stage = join(folder, 'stage');
  let copied = 0;
  for await (const from of glob('/usr/{bin,lib/*,share/*}')) {
    const { stdout } = await run('du', ['-sb', from]);
    const bytes = Number(stdout.split('\t')[0]);
    if (copied + bytes > contentBytes) continue;
    await mkdir(join(stage, dirname(from)), { recursive: true });
    await run('cp', ['-a', from, join(stage, dirname(from))]);
    copied += bytes;
  }
  await run('truncate', ['-s', `${sizeGiB}G`, path]);
  await run('mke2fs', ['-q', '-t', 'ext4', '-d', stage, path]);
  await rm(stage, { recursive: true });
  // So that both sides of a comparison read from memory.
  await run('cp', ['--sparse=always', path, `${path}.warm`]);
  await rm(`${path}.warm`);
  return path;
}

/** Bytes that a sparse file takes. */
export async function allocatedBytes(path: string): Promise<number> {
  return (await stat(path)).blocks * 512;
}
