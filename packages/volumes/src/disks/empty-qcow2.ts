import { open } from 'node:fs/promises';
import { KiB, MiB } from '@bakehouse/base';

export interface EmptyImage {
  /** Size of the disk; a multiple of 512. */
  readonly sizeBytes: number;
  /** A power of two from 512 bytes to 2 MiB. */
  readonly clusterBytes: number;
}

const headerBytes = 104;
/** 16-bit reference counts: `refcount_order` 4. */
const refcountOrder = 4;
const entryBytes = 8;

interface Layout {
  readonly clusterBits: number;
  readonly l1Entries: number;
  readonly refcountTableOffset: number;
  readonly refcountBlockOffset: number;
  readonly l1Offset: number;
  readonly clusterCount: number;
}

/**
 * Writes a qcow2 image that holds nothing and names no backing file, as `qemu-img create` does, without starting a
 * process for it: a snapshot of a running guest makes one for each volume while its caller waits. The file must
 * not exist; it is not flushed. See QEMU's docs/interop/qcow2.txt.
 */
export async function writeEmptyQcow2(path: string, image: EmptyImage): Promise<void> {
  const layout = planLayout(image);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.truncate(layout.clusterCount * image.clusterBytes);
    await file.write(encodeHeader(image, layout), 0, undefined, 0);
    const block = new DataView(new ArrayBuffer(entryBytes));
    block.setBigUint64(0, BigInt(layout.refcountBlockOffset));
    await file.write(new Uint8Array(block.buffer), 0, undefined, layout.refcountTableOffset);
    // Each cluster of the file is in use once. All that is not written is zero: an empty L1 table.
    const counts = new DataView(new ArrayBuffer(2 * layout.clusterCount));
    for (let at = 0; at < layout.clusterCount; at += 1) counts.setUint16(2 * at, 1);
    await file.write(new Uint8Array(counts.buffer), 0, undefined, layout.refcountBlockOffset);
  } finally {
    await file.close();
  }
}

/** Header, refcount table, one refcount block, L1 table: one cluster each, the table as many as it needs. */
function planLayout({ sizeBytes, clusterBytes }: EmptyImage): Layout {
  const clusterBits = Math.log2(clusterBytes);
  if (!Number.isInteger(clusterBits) || clusterBits < 9 || clusterBits > 21) {
    throw new RangeError(`a qcow2 image has no clusters of ${clusterBytes} bytes`);
  }
  if (sizeBytes % 512 !== 0) throw new RangeError(`${sizeBytes} bytes are no whole sectors`);
  const bytesOfL2Table = (clusterBytes / entryBytes) * clusterBytes;
  const l1Entries = Math.ceil(sizeBytes / bytesOfL2Table);
  const l1Clusters = Math.max(1, Math.ceil((l1Entries * entryBytes) / clusterBytes));
  const clusterCount = 3 + l1Clusters;
  if (clusterCount > clusterBytes / 2) {
    throw new RangeError(`a disk of ${sizeBytes} bytes needs clusters above ${clusterBytes} bytes`);
  }
  return {
    clusterBits,
    l1Entries,
    refcountTableOffset: clusterBytes,
    refcountBlockOffset: 2 * clusterBytes,
    l1Offset: 3 * clusterBytes,
    clusterCount,
  };
}

/** Version 3; fields that are not set are zero: no backing file, no encryption, no snapshots, no features. */
function encodeHeader({ sizeBytes }: EmptyImage, layout: Layout): Uint8Array {
  // Eight more bytes: the end of the header extensions, which are none.
  const header = new DataView(new ArrayBuffer(headerBytes + 8));
  header.setUint32(0, 0x51_46_49_fb); // "QFI\xfb"
  header.setUint32(4, 3);
  header.setUint32(20, layout.clusterBits);
  header.setBigUint64(24, BigInt(sizeBytes));
  header.setUint32(36, layout.l1Entries);
  header.setBigUint64(40, BigInt(layout.l1Offset));
  header.setBigUint64(48, BigInt(layout.refcountTableOffset));
  header.setUint32(56, 1);
  header.setUint32(96, refcountOrder);
  header.setUint32(100, headerBytes);
  return new Uint8Array(header.buffer);
}

/** A cluster of the overlay: what a guest's write allocates at least. It divides the 512 KiB block of maps. */
export const diskClusterBytes = 64 * KiB;

/** QEMU keeps bitmaps with a bit for each cluster of a fleece; above so many bits a freeze takes too long. */
const bitsMax = 2 * MiB;

/**
 * The cluster of a fleece: 64 KiB up to 128 GiB, and more for larger disks, so that the pause of a freeze does not
 * grow with the disk; 2 MiB at most.
 */
export function fleeceClusterBytes(sizeBytes: number): number {
  let clusterBytes = diskClusterBytes;
  while (sizeBytes / clusterBytes > bitsMax && clusterBytes < 2 * MiB) clusterBytes *= 2;
  return clusterBytes;
}

/** As the fleece's cluster, but never above the block of maps: a capture would read more than it keeps. */
export function bitmapGranularityBytes(sizeBytes: number): number {
  return Math.min(512 * KiB, fleeceClusterBytes(sizeBytes));
}
