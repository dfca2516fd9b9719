import { mkdir, stat, writeFile } from 'node:fs/promises';
import { formatImageId, imageId } from '../image-id.ts';
import type { Stage } from '../stage.ts';
import { workFiles } from '../work-files.ts';
import { partitionOffsetBytes } from './boot-loader.ts';

const blockBytes = 4096;
/** GNU tar counts checkpoints in records of this size. */
const tarRecordBytes = 10 * 1024;
const checkpointRecords = 2000;
const unpackShare = 0.5;

/** GRUB 2.06 cannot read the first of these, and both are newer than some rescue systems. */
const featuresOff = '^metadata_csum_seed,^orphan_file';

/** Shell text for a failed extraction: removes an archive that is damaged, so that the next bake makes it again; keeps an intact one. */
const removeIfDamaged = '{ tar -tf "$2" > /dev/null || rm -f "$5"/*.tar; exit 1; }';

/** Unpacks the base system, writes its /etc/image-id, and makes the root file system from it. */
export const fileSystem: Stage = {
  name: 'file system',
  async run(context) {
    const { recipe, identity } = context;
    const files = workFiles(context.directory);
    await writeFile(files.imageId, formatImageId(imageId(recipe, identity)), { mode: 0o644 });
    await mkdir(files.root, { mode: 0o755 });
    const { size } = await stat(files.base);
    const offset = `offset=${partitionOffsetBytes}`;
    const blocks = (recipe.diskSizeBytes - partitionOffsetBytes) / blockBytes;
    // One command for all three steps: without root, file owners exist only inside one user namespace.
    const script = [
      // Device nodes cannot be made without root, and the initramfs mounts /dev anyway.
      `tar -C "$1" --numeric-owner --xattrs --xattrs-include='*' --exclude='./dev/*' --checkpoint=${checkpointRecords} --checkpoint-action=echo='unpacked %u' -xf "$2" || ${removeIfDamaged}`,
      'install -m 644 "$3" "$1/etc/image-id"',
      `mke2fs -q -F -t ext4 -b ${blockBytes} -L / -m 1 -O ${featuresOff} -E ${offset},lazy_itable_init=1,lazy_journal_init=1 -d "$1" "$4" ${blocks}`,
    ];
    await context.runAsRoot(
      [
        'sh',
        '-ec',
        script.join('\n'),
        'sh',
        files.root,
        files.base,
        files.imageId,
        files.disk,
        context.directory.bases,
      ],
      {
        onLine: (line) => {
          const records = /unpacked (\d+)/.exec(line)?.[1];
          if (records === undefined) return;
          const fraction = (Number(records) * tarRecordBytes) / size;
          context.report({ fraction: Math.min(1, fraction) * unpackShare, message: 'unpacking' });
        },
      },
    );
  },
};
