/** A program of the host that baking needs, and the Debian package that has it. */
export interface RequiredTool {
  readonly command: string;
  readonly debianPackage: string;
  readonly purpose: string;
}

export const requiredTools: readonly RequiredTool[] = [
  { command: 'mmdebstrap', debianPackage: 'mmdebstrap', purpose: 'installs the base system' },
  { command: 'dpkg-deb', debianPackage: 'dpkg', purpose: "packs the guest's own files" },
  { command: 'apt-config', debianPackage: 'apt', purpose: "reads the host's mirror and proxy" },
  { command: 'grub-mkimage', debianPackage: 'grub-common', purpose: 'makes the boot loader' },
  { command: 'mke2fs', debianPackage: 'e2fsprogs', purpose: 'makes the root file system' },
  { command: 'e2fsck', debianPackage: 'e2fsprogs', purpose: 'checks the root file system' },
  { command: 'tar', debianPackage: 'tar', purpose: 'unpacks the base system' },
  { command: 'unshare', debianPackage: 'util-linux', purpose: 'keeps its mounts apart' },
  { command: 'setpriv', debianPackage: 'util-linux', purpose: 'ends with its parent' },
];

/** Files of the host that baking reads, for checks like those of the tools. */
export const requiredFiles: readonly { readonly path: string; readonly debianPackage: string }[] = [
  { path: '/usr/lib/grub/i386-pc/boot.img', debianPackage: 'grub-pc-bin' },
  {
    path: '/usr/share/keyrings/debian-archive-keyring.gpg',
    debianPackage: 'debian-archive-keyring',
  },
];

/** Needed besides where the builder does not run as root. */
export const requiredToolsWithoutRoot: readonly RequiredTool[] = [
  { command: 'newuidmap', debianPackage: 'uidmap', purpose: 'maps user ids of the image' },
];
