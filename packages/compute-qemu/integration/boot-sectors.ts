import { writeFile } from 'node:fs/promises';

/**
 * Boot sectors, each a guest of a few instructions.
 * `idle` prints "hello" on COM1 and halts for ever. `powerOff` requests ACPI's S5 of the `pc` machine.
 * `flood` writes to COM1 without end. `writer` writes sector 1 of the boot disk (INT 13h, AH=43h) again and again.
 */
export const bootSectors = {
  idle: 'bafd03 b068 ba f803 ee b065 ee b06c ee ee b06f ee b00a ee fb f4 ebfd',
  powerOff: 'ba0406 b80020 ef f4 ebfd',
  flood: 'baf803 b078 ee ebfd',
} as const;

/** A raw disk of 1 MiB that boots this code. */
export async function writeBootDisk(path: string, hex: string): Promise<void> {
  const disk = Buffer.alloc(1024 * 1024);
  Buffer.from(hex.replaceAll(' ', ''), 'hex').copy(disk);
  disk.writeUInt16LE(0xaa55, 510);
  await writeFile(path, disk);
}
