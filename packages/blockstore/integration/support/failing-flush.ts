import { open } from 'node:fs/promises';
import { devNull } from 'node:os';
import { vi } from 'vitest';

/**
 * The next flush of a file fails as it does when a disk is ill; those after it succeed, as Linux has it, though
 * nothing more was written. Undone by `vi.restoreAllMocks`.
 */
export async function failNextFlush(): Promise<void> {
  const flush = await watchFlushes();
  const error = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
  flush.mockImplementationOnce(() => Promise.reject(error));
}

/** Every flush of every file of this process. */
export async function watchFlushes() {
  await using file = await open(devNull);
  const prototype: { datasync: () => Promise<void> } = Object.getPrototypeOf(file);
  return vi.spyOn(prototype, 'datasync');
}
