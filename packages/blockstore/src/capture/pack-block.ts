import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { blockSizeBytes } from '../format/block-size.ts';

/**
 * Level 1 with two settings. A hash table of 2^12 entries instead of 2^14 stays in the L1 cache; matches from 6 bytes
 * on instead of 7 are worth finding. Milliseconds of CPU for each MB of blocks from an ext4 image of /usr, and the
 * ratio: these settings 1.98 (2.62); 2^11 and 7 bytes 1.92 (2.47); 2^13 and 6 bytes 2.10 (2.68); level 1 unchanged
 * 2.26 (2.66); level 3 on 64 KiB, which is what qemu-img does, 4.18 (2.59).
 */
const packOptions = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 1,
    [constants.ZSTD_c_hashLog]: 12,
    [constants.ZSTD_c_minMatch]: 6,
  },
  chunkSize: blockSizeBytes + 8192,
};

/** A packed block must save at least a sixteenth; less is not worth unpacking it at each read. */
const packedBytesMax = blockSizeBytes - blockSizeBytes / 16;

/** The zstd frame, or undefined when it saves too little. */
export function packBlock(raw: Uint8Array): Buffer | undefined {
  const packed = zstdCompressSync(raw, packOptions);
  return packed.length <= packedBytesMax ? packed : undefined;
}

/** Throws when the bytes are not a zstd frame of at most a block. */
export function unpackBlock(packed: Uint8Array): Buffer {
  return zstdDecompressSync(packed, unpackOptions);
}

const unpackOptions = { chunkSize: blockSizeBytes, maxOutputLength: blockSizeBytes };
