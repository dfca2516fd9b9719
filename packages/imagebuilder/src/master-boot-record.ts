export const sectorBytes = 512;

const bootCodeBytes = 440;
const partitionTableOffset = 446;
const linuxPartitionType = 0x83;
const bootable = 0x80;
/** Cylinder, head and sector of a partition that is addressed by sector numbers only. */
const unusedChs = [0xfe, 0xff, 0xff];

export interface BootSectorSpec {
  /** GRUB's `boot.img`; its first 440 bytes are the code. */
  readonly bootCode: Uint8Array;
  /** The disk's signature: `PARTUUID` is this in hex, a dash, and the partition's number. */
  readonly diskId: number;
  readonly firstSector: number;
  readonly sectorCount: number;
}

/** The first sector of a disk with one bootable Linux partition. */
export function masterBootRecord(spec: BootSectorSpec): Uint8Array {
  const sector = new Uint8Array(sectorBytes);
  const view = new DataView(sector.buffer);
  sector.set(spec.bootCode.subarray(0, bootCodeBytes));
  view.setUint32(bootCodeBytes, spec.diskId, true);
  const entry = partitionTableOffset;
  sector.set([bootable, ...unusedChs, linuxPartitionType, ...unusedChs], entry);
  view.setUint32(entry + 8, spec.firstSector, true);
  view.setUint32(entry + 12, spec.sectorCount, true);
  sector.set([0x55, 0xaa], sectorBytes - 2);
  return sector;
}
