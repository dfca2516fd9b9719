/** The unit of capture, naming and sharing; the block size of the EBS direct APIs: 512 KiB. */
export const blockSizeBytes = 512 * 1024;
