import { blockBytes } from '@bakehouse/domain';

/** Bytes of a block, and of every chunk before compression: the unit of the EBS direct APIs, too. */
export const blockSizeBytes = blockBytes;

/** How many blocks a disk of this size has; the last one may be padded. */
export function blockCountOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / blockSizeBytes);
}
