import { KiB } from '@bakehouse/base';

/** The unit of capture, naming and sharing; the block size of the EBS direct APIs. */
export const blockSizeBytes = 512 * KiB;
