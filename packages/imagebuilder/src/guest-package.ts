import type { GuestFile } from './guest-files.ts';
import type { Recipe } from './recipe.ts';

/** The Debian package `bakehouse-linux`: everything that Bakehouse adds to Debian in the guest. */
export interface GuestPackage {
  readonly name: string;
  readonly version: string;
  readonly files: readonly GuestFile[];
  /** Symbolic links: path from the guest's root to target. */
  readonly links: Readonly<Record<string, string>>;
}

const packageName = 'bakehouse-linux';
const wantsDirectory = 'usr/lib/systemd/system/multi-user.target.wants';

/** The package with the files of `guest/rootfs` and those made from the recipe. */
export function guestPackage(recipe: Recipe, files: readonly GuestFile[]): GuestPackage {
  const version = `${recipe.release}-1`;
  const generated = [
    textFile(
      'etc/default/bakehouse-boot',
      '# Read by /usr/lib/bakehouse/{make-initramfs,update-boot-menu}; run them after a change.\n' +
        `KERNEL_OPTIONS='${recipe.kernelOptions.join(' ')}'\n` +
        `INITRAMFS_MODULES='${recipe.initramfsModules.join(' ')}'\n`,
    ),
    textFile('etc/system-release', `${recipe.title} release ${recipe.release}\n`),
    textFile('etc/system-release-cpe', `cpe:/o:bakehouse:linux:${recipe.release}:ga\n`),
  ];
  const content = [...files, ...generated];
  const settings = content.filter((file) => file.path.startsWith('etc/'));
  return {
    name: packageName,
    version,
    files: [
      ...content,
      textFile('DEBIAN/control', control(recipe, version)),
      textFile('DEBIAN/conffiles', settings.map((file) => `/${file.path}\n`).join('')),
    ],
    links: Object.fromEntries(
      recipe.enabledUnits.map((unit) => [`${wantsDirectory}/${unit}`, `../${unit}`]),
    ),
  };
}

/**
 * Debian's kernels depend on `linux-initramfs-tool`. This package provides it, so that initramfs-tools is not
 * installed.
 */
function control(recipe: Recipe, version: string): string {
  return [
    `Package: ${packageName}`,
    `Version: ${version}`,
    'Architecture: all',
    'Section: admin',
    'Priority: optional',
    'Maintainer: Bakehouse <bakehouse@localhost>',
    'Depends: busybox-static, kmod, cloud-init, systemd',
    'Provides: linux-initramfs-tool',
    `Description: ${recipe.title}`,
    ' Boot menu, initramfs, and the start of cloud-init in one process.',
    '',
  ].join('\n');
}

function textFile(path: string, text: string): GuestFile {
  return { path, mode: 0o644, contents: Buffer.from(text) };
}
