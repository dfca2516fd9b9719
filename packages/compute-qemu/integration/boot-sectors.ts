import { writeFile } from 'node:fs/promises';

/** Boot sectors, each a guest of a few instructions, in hexadecimal. */
export const bootSectors = {
  /** Prints "hello" and a line end on COM1 and halts for ever. */
  idle: 'baf803 b068 ee b065 ee b06c ee ee b06f ee b00a ee fb f4 ebfd',
  /** Requests ACPI's S5 of the `pc` machine. */
  powerOff: 'ba0406 b80020 ef f4 ebfd',
  /** Prints "hello" and a line end on COM1, waits for ACPI's power button and requests S5. */
  obedient:
    'fa baf803 b068 ee b065 ee b06c ee ee b06f ee b00a ee' +
    'ba0206 b80001 ef ba0006 ed f6c401 74fa ba0406 b80020 ef f4 ebfd',
  /** Writes "x" to COM1 without end. */
  flood: 'baf803 b078 ee ebfd',
  /** Writes a sector to every cluster of the first 32 MiB of the boot disk (INT 13h, AH=43h), for ever. */
  writer: '31c08ed88ed0bc007cbe197cb80043cd138106217c8000ebf010000100007c00008000000000000000',
  /**
   * Prints on COM1 that it waits for a network card, waits until slot 2 of the PCI bus has a device, prints "C" and a
   * line end, and halts for ever.
   */
  waiter:
    '31c08ed8be327cbaf803ac84c07403eeebf866b800100080baf80c66efb2fc66ed664074edbaf803b043eeb00aeefbf4ebfd' +
    '62616b65686f7573653a2077616974696e6720666f722061206e6574776f726b20636172640a00',
} as const;

/** A raw disk of 1 MiB that boots this code. */
export async function writeBootDisk(path: string, hex: string): Promise<void> {
  const disk = Buffer.alloc(1024 * 1024);
  Buffer.from(hex.replaceAll(' ', ''), 'hex').copy(disk);
  disk.writeUInt16LE(0xaa55, 510);
  await writeFile(path, disk);
}
