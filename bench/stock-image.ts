import { execFile } from 'node:child_process';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GiB, MiB } from '@bakehouse/base';

const run = promisify(execFile);

/** The account of Debian's cloud images, made by cloud-init as Debian configures it. */
export const stockUser = 'debian';

/**
 * What makes Debian 12 a cloud image, unmodified, and nothing that would slow it down further: Debian's own cloud
 * images have some 100 packages more.
 */
const packages = [
  ...['linux-image-cloud-amd64', 'initramfs-tools', 'systemd-sysv', 'dbus', 'udev'],
  ...['cloud-init', 'cloud-guest-utils', 'netplan.io', 'systemd-resolved', 'e2fsprogs'],
  ...['openssh-server', 'sudo', 'ca-certificates', 'iproute2', 'netbase'],
];

const partitionGiB = 4;
const firstPartitionBytes = MiB;
const sectorBytes = 512;
const blockBytes = 4096;
const diskId = '2013dead';

/** GRUB_CMDLINE_LINUX of Debian's cloud images. Their menu's timeout is 0 here. */
const kernelOptions = `root=PARTUUID=${diskId}-01 ro console=tty0 console=ttyS0,115200 earlyprintk=ttyS0,115200 consoleblank=0`;
const grubFolder = '/usr/lib/grub/i386-pc';
const grubModules = [
  'biosdisk',
  'part_msdos',
  'ext2',
  'normal',
  'configfile',
  'linux',
  'serial',
  'terminal',
];

/** The files that Debian's image build writes, and none that belongs to one machine. */
async function finishRoot(root: string): Promise<void> {
  const kernel = (await readdir(join(root, 'boot'))).find((name) => name.startsWith('vmlinuz-'));
  const version = kernel?.slice('vmlinuz-'.length);
  if (!version) throw new Error('the base system has no kernel');
  const menu = [
    'serial --unit=0 --speed=115200',
    'terminal_output serial console',
    'set timeout=0',
    "menuentry 'Debian' {",
    `  linux /boot/vmlinuz-${version} ${kernelOptions}`,
    `  initrd /boot/initrd.img-${version}`,
    '}',
  ];
  await mkdir(join(root, 'boot/grub'), { recursive: true });
  await writeFile(join(root, 'boot/grub/grub.cfg'), `${menu.join('\n')}\n`);
  await writeFile(
    join(root, 'etc/fstab'),
    `PARTUUID=${diskId}-01 / ext4 rw,errors=remount-ro 0 1\n`,
  );
  await writeFile(join(root, 'etc/machine-id'), '');
  for (const name of await readdir(join(root, 'etc/ssh'))) {
    if (name.startsWith('ssh_host_')) await rm(join(root, 'etc/ssh', name));
  }
  await rm(join(root, 'etc/hostname'), { force: true });
}

/** GRUB in the space before the first partition, as in our own images. */
async function writeBootLoader(folder: string, disk: string): Promise<void> {
  const core = join(folder, 'core.img');
  const prefix = ['-O', 'i386-pc', '-d', grubFolder, '-p', '(hd0,msdos1)/boot/grub'];
  await run('grub-mkimage', [...prefix, '-o', core, ...grubModules]);
  await writeFile(disk, '');
  await run('truncate', ['-s', `${partitionGiB * GiB}`, disk]);
  const start = firstPartitionBytes / sectorBytes;
  const table = `label: dos\nlabel-id: 0x${diskId}\nstart=${start},type=83,bootable\n`;
  await run('sh', ['-c', 'printf "%s" "$1" | sfdisk -q "$2"', 'sh', table, disk]);
  await using file = await open(disk, 'r+');
  const bootCode = await readFile(join(grubFolder, 'boot.img'));
  await file.write(bootCode, 0, 440, 0);
  const bytes = await readFile(core);
  await file.write(bytes, 0, bytes.length, sectorBytes);
}

/**
 * A raw disk of Debian 12 with its own cloud-init, units, initramfs and kernel line, on a volume of this size, so that
 * its guest grows its partition as ours do. Takes two to four minutes, as root.
 */
export async function makeStockImage(folder: string, volumeGiB: number): Promise<string> {
  const root = join(folder, 'stock-root');
  const disk = join(folder, 'stock.raw');
  const options = ['--variant=minbase', '--mode=root', `--include=${packages.join(',')}`];
  const settings = ['--aptopt=APT::Install-Recommends "false"', '--dpkgopt=force-unsafe-io'];
  // mmdebstrap mounts file systems in the new root: they and its programs end with this one.
  const alone = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--', 'mmdebstrap'];
  const command = [...alone, ...options, ...settings, 'bookworm', root];
  await run('unshare', command, { maxBuffer: 64 * MiB });
  await finishRoot(root);
  await writeBootLoader(folder, disk);
  const blocks = (partitionGiB * GiB - firstPartitionBytes) / blockBytes;
  const features = ['-O', '^metadata_csum_seed,^orphan_file', '-b', `${blockBytes}`];
  const offset = `offset=${firstPartitionBytes},lazy_itable_init=1,lazy_journal_init=1`;
  const target = ['-E', offset, '-d', root, disk, `${blocks}`];
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-L', '/', ...features, ...target]);
  await run('truncate', ['-s', `${volumeGiB * GiB}`, disk]);
  await rm(root, { recursive: true, force: true });
  return disk;
}
