import type { BlockDevice, BlockPiece } from '../../src/index.ts';
import { memoryDevice } from '../../src/testing/memory-device.ts';

export const deviceBytes = 1024 * 1024 + 512;
const blockBytes = 64 * 1024;

/** What every export holds: every third block is zeros, the others a pattern. */
export const deviceContent = Buffer.from(
  Uint8Array.from({ length: deviceBytes }, (_, at) =>
    Math.floor(at / blockBytes) % 3 === 1 ? 0 : ((at * 31 + (at >> 8)) & 0xff) | 1,
  ),
);

type Read = BlockDevice['read'];

/** In memory, fetched, fetched late, and failing. */
export const exportNames = ['disk', 'slow', 'late', 'broken'] as const;

/** The exports of the fuzzed server; undefined for an unknown name, and one that throws. */
export async function openFuzzDevice(name: string): Promise<BlockDevice | undefined> {
  if (name === 'unopenable') throw new Error('this export does not open');
  const device = memoryDevice(deviceContent, blockBytes);
  if (name === 'late') await new Promise((resolve) => setTimeout(resolve, 2));
  const reads: Readonly<Record<string, Read>> = {
    disk: device.read,
    late: device.read,
    slow: (offset, lengthBytes) =>
      offset % 2 === 0
        ? device.read(offset, lengthBytes)
        : later(device.read(offset, lengthBytes), offset % 5),
    broken: () => Promise.reject(new Error('this device fails')),
  };
  const read = reads[name];
  return read && { ...device, read };
}

function later(pieces: readonly BlockPiece[] | Promise<readonly BlockPiece[]>, ms: number) {
  return new Promise<readonly BlockPiece[]>((resolve) => {
    setTimeout(() => resolve(pieces), ms);
  });
}
