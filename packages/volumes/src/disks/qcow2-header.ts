import { open } from 'node:fs/promises';
import { DiskFormatError } from '../volume-errors.ts';

const magic = 0x51_46_49_fb; // "QFI\xfb"
const sizeFieldEnd = 32;

/** The disk's size in bytes: field `size` at byte 24; see "Header" in QEMU's docs/interop/qcow2.txt. */
export function decodeQcow2Size(header: Uint8Array): number {
  if (header.byteLength < sizeFieldEnd) throw new DiskFormatError('qcow2 header is cut short');
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.getUint32(0) !== magic) throw new DiskFormatError('not a qcow2 image');
  const sizeBytes = Number(view.getBigUint64(24));
  if (!Number.isSafeInteger(sizeBytes)) throw new DiskFormatError('qcow2 size is out of range');
  return sizeBytes;
}

/** Reads the header alone: works while QEMU has the image open, and takes no lock. */
export async function readQcow2Size(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(sizeFieldEnd), 0, sizeFieldEnd, 0);
    return decodeQcow2Size(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}
