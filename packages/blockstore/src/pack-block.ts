import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { blockSizeBytes } from './block-size.ts';

/**
 * Measured on blocks of an ext4 image of /usr, in ms of CPU a MB (and the ratio): level 1 with its table of
 * 2^11 entries instead of 2^14, so that it stays in the L1 cache, 4.3 (2.8); level 1 as it is 5.3 (3.0); level 2
 * 6.1 (3.2); level 3 on 64 KiB, which is what qemu-img does, 8.4 (3.1); and naming the block 3.5 besides.
 */
const packOptions = {
  params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_hashLog]: 11 },
  chunkSize: blockSizeBytes + 8192,
};

/** A packed block must save at least a sixteenth, or reading it is not worth the unpacking. */
const packedBytesMax = blockSizeBytes - blockSizeBytes / 16;

/** The zstd frame, or undefined when it does not help. */
export function packBlock(raw: Uint8Array): Buffer | undefined {
  const packed = zstdCompressSync(raw, packOptions);
  return packed.length <= packedBytesMax ? packed : undefined;
}

/** Throws when the bytes are no zstd frame of at most a block. */
export function unpackBlock(packed: Uint8Array): Buffer {
  return zstdDecompressSync(packed, unpackOptions);
}

const unpackOptions = { chunkSize: blockSizeBytes, maxOutputLength: blockSizeBytes };
