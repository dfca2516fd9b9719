import type { KnownProgram } from '@bakehouse/host';

/** A program of the host that baking needs, and its purpose. */
export interface RequiredTool {
  readonly command: KnownProgram;
  readonly purpose: string;
}

export const requiredTools: readonly RequiredTool[] = [
  { command: 'mmdebstrap', purpose: 'installs the base system' },
  { command: 'dpkg-deb', purpose: "packs the guest's files" },
  { command: 'apt-config', purpose: "reads the host's mirror and proxy" },
  { command: 'grub-mkimage', purpose: 'makes the boot loader' },
  { command: 'mke2fs', purpose: 'makes the root file system' },
  { command: 'e2fsck', purpose: 'checks the root file system' },
  { command: 'tar', purpose: 'unpacks the base system' },
  { command: 'unshare', purpose: 'separates its mounts' },
  { command: 'setpriv', purpose: 'ends programs with the server' },
];

/** Files of the host that baking reads, and their Debian packages. */
export const requiredFiles: readonly { readonly path: string; readonly debianPackage: string }[] = [
  { path: '/usr/lib/grub/i386-pc/boot.img', debianPackage: 'grub-pc-bin' },
  {
    path: '/usr/share/keyrings/debian-archive-keyring.gpg',
    debianPackage: 'debian-archive-keyring',
  },
];

/** Also needed when the builder does not run as root. */
export const requiredToolsWithoutRoot: readonly RequiredTool[] = [
  { command: 'newuidmap', purpose: 'maps the user ids of the image' },
];
