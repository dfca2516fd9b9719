import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { programFolders } from './program-environment.ts';

/** The Debian package of each program that Bakehouse runs. */
export const programPackages = {
  'apt-config': 'apt',
  bwrap: 'bubblewrap',
  dnsmasq: 'dnsmasq-base',
  'dpkg-deb': 'dpkg',
  e2fsck: 'e2fsprogs',
  'grub-mkimage': 'grub-common',
  ip: 'iproute2',
  mke2fs: 'e2fsprogs',
  mmdebstrap: 'mmdebstrap',
  mount: 'mount',
  newuidmap: 'uidmap',
  nft: 'nftables',
  nsenter: 'util-linux',
  pasta: 'passt',
  prlimit: 'util-linux',
  'qemu-img': 'qemu-utils',
  'qemu-storage-daemon': 'qemu-system-common',
  'qemu-system-x86_64': 'qemu-system-x86',
  setpriv: 'util-linux',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  sysctl: 'procps',
  tar: 'tar',
  unshare: 'util-linux',
} as const satisfies Readonly<Record<string, string>>;

export type KnownProgram = keyof typeof programPackages;

/** How to install a program, for the end of a sentence; empty for a program that is not in the table. */
export function installHint(program: string): string {
  const packages: Readonly<Record<string, string>> = programPackages;
  const name = Object.hasOwn(packages, program) ? packages[program] : undefined;
  return name === undefined ? '' : `; install it: apt-get install ${name}`;
}

/** The path of a program, looked for as `runCommand` does; undefined when it is not installed. */
export async function findProgram(program: string): Promise<string | undefined> {
  for (const folder of programFolders()) {
    const path = join(folder, program);
    const isExecutable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isExecutable) return path;
  }
  return undefined;
}
