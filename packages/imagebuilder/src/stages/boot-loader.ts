import { open, readFile, writeFile } from 'node:fs/promises';
import { masterBootRecord, sectorBytes } from '../master-boot-record.ts';
import type { Stage } from '../stage.ts';
import { workFiles } from '../work-files.ts';

/** The first partition starts at 1 MiB; GRUB is in the space before it. */
export const partitionOffsetBytes = 1024 * 1024;

const grubDirectory = '/usr/lib/grub/i386-pc';
const grubModules = [
  'biosdisk',
  'part_msdos',
  'ext2',
  'normal',
  'configfile',
  'linux16',
  'serial',
  'terminal',
  'minicmd',
  'echo',
  'test',
  'ls',
  'cat',
  'reboot',
  'halt',
];

/** Makes an empty disk with a partition table, and with GRUB where the BIOS looks for a boot loader. */
export const bootLoader: Stage = {
  name: 'boot loader',
  async run(context) {
    const files = workFiles(context.directory);
    const output = ['-O', 'i386-pc', '-d', grubDirectory, '-o', files.bootLoader];
    const prefix = ['-p', '(hd0,msdos1)/boot/grub'];
    await context.run(['grub-mkimage', ...output, ...prefix, ...grubModules]);
    const core = await readFile(files.bootLoader);
    if (sectorBytes + core.length > partitionOffsetBytes) {
      throw new Error(
        `GRUB's core image (${core.length} bytes) does not fit before the first partition at ${partitionOffsetBytes} bytes; use fewer GRUB modules`,
      );
    }
    const firstSector = partitionOffsetBytes / sectorBytes;
    const record = masterBootRecord({
      bootCode: await readFile(`${grubDirectory}/boot.img`),
      diskId: Buffer.from(context.identity.stamp).readUInt32BE(),
      firstSector,
      sectorCount: context.recipe.diskSizeBytes / sectorBytes - firstSector,
    });
    await writeFile(files.disk, record, { mode: 0o600 });
    await using disk = await open(files.disk, 'r+');
    await disk.write(core, 0, core.length, sectorBytes);
    await disk.truncate(context.recipe.diskSizeBytes);
  },
};
