import { type FileHandle, open, stat } from 'node:fs/promises';
import { vi } from 'vitest';

type Read = (buffer: Uint8Array, offset: number, length: number, position: number) => unknown;

/** Reads that touch these offsets of the file fail as they do on a bad sector. Undone by `mockRestore`. */
export async function failReads(path: string, offsets: readonly number[]) {
  const { ino } = await stat(path);
  await using file = await open(path);
  const prototype: { read: Read } = Object.getPrototypeOf(file);
  const read = prototype.read;
  return vi.spyOn(prototype, 'read').mockImplementation(async function (this: FileHandle, ...args) {
    const [, , length, position] = args;
    const isBad = offsets.some((offset) => position <= offset && offset < position + length);
    if (!isBad || (await this.stat()).ino !== ino) return read.apply(this, args);
    throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
  });
}
