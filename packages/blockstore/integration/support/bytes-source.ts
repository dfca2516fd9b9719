import type { BlockSource, ByteRange } from '@bakehouse/domain';

/** A disk in memory; without ranges all of it counts as changed. */
export function bytesSource(bytes: Uint8Array, ranges?: readonly ByteRange[]): BlockSource {
  return {
    sizeBytes: bytes.length,
    async *changedRanges() {
      yield* ranges ?? [{ offset: 0, lengthBytes: bytes.length }];
    },
    read: async (offset, lengthBytes) => bytes.slice(offset, offset + lengthBytes),
    close: async () => {},
  };
}
