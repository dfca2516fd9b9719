import type { BlockDevice, BlockExtent, BlockPiece } from '../block-device.ts';

/** For tests: a device over bytes in memory that reports its blocks of zeros, as a snapshot map does. */
export interface MemoryDevice extends BlockDevice {
  readonly isClosed: boolean;
}

export function memoryDevice(bytes: Uint8Array, blockBytes = 64 * 1024): MemoryDevice {
  let isClosed = false;
  const blockCount = Math.ceil(bytes.length / blockBytes);
  const zeroBlocks = Array.from({ length: blockCount }, (_, index) =>
    bytes.subarray(index * blockBytes, (index + 1) * blockBytes).every((byte) => byte === 0),
  );
  const extentAt = (offset: number): BlockExtent => {
    const index = Math.floor(offset / blockBytes);
    return {
      lengthBytes: Math.min((index + 1) * blockBytes, bytes.length) - offset,
      zero: zeroBlocks[index] === true,
    };
  };
  return {
    sizeBytes: bytes.length,
    get isClosed() {
      return isClosed;
    },
    read(offset, lengthBytes) {
      const pieces: BlockPiece[] = [];
      for (let at = offset; at < offset + lengthBytes; ) {
        const extent = extentAt(at);
        const step = Math.min(extent.lengthBytes, offset + lengthBytes - at);
        pieces.push(extent.zero ? { zeroBytes: step } : bytes.subarray(at, at + step));
        at += step;
      }
      return pieces;
    },
    extents({ offset, lengthBytes }, countMax) {
      const extents: BlockExtent[] = [];
      for (let at = offset; at < offset + lengthBytes && extents.length < countMax; ) {
        const extent = extentAt(at);
        extents.push(extent);
        at += extent.lengthBytes;
      }
      return extents;
    },
    close() {
      isClosed = true;
    },
  };
}
