import { writeFile } from 'node:fs/promises';

/** Boot sectors, each a guest of a few instructions, in hexadecimal. */
export const bootSectors = {
  /** Prints "hello" and a line end on COM1 and halts for ever. */
  idle: 'baf803 b068 ee b065 ee b06c ee ee b06f ee b00a ee fb f4 ebfd',
  /** Prints on COM1 that it can be forked, with a secret of 8 bytes at 0x9000, and halts for ever: it releases no card. */
  stubborn:
    '31c0 8ed8 be157c baf803 ac 84c0 7403 ee ebf8 f4 ebfd' +
    '62616b65686f7573653a2063616e20626520666f726b65642c2077697468207365637265747320617420393030302b380a00',
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
  /**
   * Prints that it can be forked, with a secret of 8 bytes at 0x9000, which are zeros, and counts in memory and on the disk,
   * for ever. When the device of slot 2 is to be released, releases it, prints that it is another instance, waits for another
   * device there, and prints whether memory and disk have the same count, and whether the secret has changed.
   */
  counter:
    '31c08ed88ed0bc007cbe127de87e00bb008066c7070000000066ff060080be997cb80043b280cd13ba10ae6631c066efba04ae66' +
    'ed6685c074dfba08ae66efbeb97ce8480066b800100080baf80c66efb2fc66ed664074edbea97cb80042b280cd13bee67c66a100' +
    '8066390600827403bef67ce81700be047d66a10090660b0604907503be0b7de80300f4ebfdbaf803ac84c07403eeebf8c3100001' +
    '000080000040000000000000001000010000820000400000000000000062616b65686f7573653a20616e6f7468657220696e7374' +
    '616e63650a00000000000000000000000000000000006469736b206173206d656d6f72790a00616e6f74686572206469736b0a00' +
    '66726573680a007374616c650a0062616b65686f7573653a2063616e20626520666f726b65642c20776974682073656372657473' +
    '20617420393030302b380a00',
} as const;

/** A raw disk of 1 MiB that boots this code. */
export async function writeBootDisk(path: string, hex: string): Promise<void> {
  const disk = Buffer.alloc(1024 * 1024);
  Buffer.from(hex.replaceAll(' ', ''), 'hex').copy(disk);
  disk.writeUInt16LE(0xaa55, 510);
  await writeFile(path, disk);
}
