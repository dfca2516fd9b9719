import type { FileHandle } from 'node:fs/promises';
import { readError } from './disk-errors.ts';

/** Fills `target` from `offset` of an open file; returns how many bytes there were. */
export async function readHandle(
  handle: FileHandle,
  path: string,
  { offset, target }: { readonly offset: number; readonly target: Uint8Array },
): Promise<number> {
  let filled = 0;
  while (filled < target.length) {
    const at = offset + filled;
    const rest = target.length - filled;
    const { bytesRead } = await handle.read(target, filled, rest, at).catch((error: unknown) => {
      throw readError(error, path, at);
    });
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
