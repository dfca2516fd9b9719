import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RunBakeCommand } from './bake-command.ts';
import type { GuestPackage } from './guest-package.ts';

export interface WritePackageOptions {
  /** A folder that does not exist yet. */
  readonly directory: string;
  readonly run: RunBakeCommand;
}

/** Packs the package. Returns the folder of an apt repository that contains only this package. */
export async function writeGuestPackage(
  guest: GuestPackage,
  options: WritePackageOptions,
): Promise<string> {
  const tree = join(options.directory, 'tree');
  const repository = join(options.directory, 'repository');
  await writeTree(guest, tree);
  await mkdir(repository, { mode: 0o755 });
  const fileName = `${guest.name}_${guest.version}_all.deb`;
  const debPath = join(repository, fileName);
  await options.run(['dpkg-deb', '--root-owner-group', '-Zgzip', '--build', tree, debPath]);
  const control = guest.files.find((file) => file.path === 'DEBIAN/control');
  const deb = await readFile(debPath);
  const index = [
    Buffer.from(control?.contents ?? '')
      .toString()
      .trimEnd(),
    `Filename: ./${fileName}`,
    `Size: ${deb.length}`,
    `SHA256: ${createHash('sha256').update(deb).digest('hex')}`,
    '',
  ];
  await writeFile(join(repository, 'Packages'), index.join('\n'), { mode: 0o644 });
  return repository;
}

/** Sets modes after writing, as the umask of this process would change them. */
async function writeTree(guest: GuestPackage, tree: string): Promise<void> {
  for (const file of guest.files) {
    const path = await makeFolderOf(tree, file.path);
    await writeFile(path, file.contents);
    await chmod(path, file.mode);
  }
  for (const [link, target] of Object.entries(guest.links)) {
    await symlink(target, await makeFolderOf(tree, link));
  }
}

/** Makes the folders above `path`, with mode 0755, and returns the whole path. */
async function makeFolderOf(tree: string, path: string): Promise<string> {
  let directory = tree;
  for (const name of ['', ...dirname(path).split('/')]) {
    directory = join(directory, name);
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o755);
  }
  return join(tree, path);
}
