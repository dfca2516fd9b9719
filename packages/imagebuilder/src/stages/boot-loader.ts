import { open, readFile, writeFile } from 'node:fs/promises';
import { masterBootRecord, sectorBytes } from '../master-boot-record.ts';
import type { Stage } from '../stage.ts';
import { workFiles } from '../work-files.ts';

/** The first partition starts at 1 MiB; GRUB lies before it. */
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

/** Makes the empty disk: partition table, and GRUB where the BIOS looks for it. */
export const bootLoader: Stage = {
  name: 'boot loader',
  async run(context) {
    const files = workFiles(context.directory);
    const output = ['-O', 'i386-pc', '-d', grubDirectory, '-o', files.bootLoader];
    const prefix = ['-p', '(hd0,msdos1)/boot/grub'];
    await context.run(['grub-mkimage', ...output, ...prefix, ...grubModules]);
    const core = await readFile(files.bootLoader);
    if (sectorBytes + core.length > partitionOffsetBytes) {
      throw new Error(`GRUB's core is too large for the gap before the partition: ${core.length}`);
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
