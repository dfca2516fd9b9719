import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { tryFileLock } from './file-lock.ts';

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-lock-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('one has the lock at a time, and nothing is left beside its file', async () => {
  const folder = await newFolder();
  const path = join(folder, 'lock');
  {
    using first = tryFileLock(path);
    expect(first).toBeDefined();
    expect(tryFileLock(path)).toBeUndefined();
  }
  using second = tryFileLock(path);
  expect(second).toBeDefined();
  expect(await readdir(folder)).toEqual(['lock']);
});

test('a process that is killed has it no more', async () => {
  const path = join(await newFolder(), 'lock');
  const module = new URL('./file-lock.ts', import.meta.url).href;
  const program = `
    const { tryFileLock } = await import(${JSON.stringify(module)});
    globalThis.held = tryFileLock(process.argv[1]);
    console.log('locked');
    setInterval(() => {}, 1000);
  `;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  expect(tryFileLock(path)).toBeUndefined();
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  using lock = await vi.waitUntil(() => tryFileLock(path));
  expect(lock).toBeDefined();
});

test('a file that cannot be opened is an error', async () => {
  const path = join(await newFolder(), 'none', 'lock');
  expect(() => tryFileLock(path)).toThrow(expect.objectContaining({ errcode: 14 }));
});
