import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CommandRunner } from './command-runner.ts';
import type { GuestPackage } from './guest-package.ts';

export interface WritePackageOptions {
  /** A folder that does not exist yet. */
  readonly directory: string;
  readonly runner: CommandRunner;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
}

/** Packs the package and answers the folder of an apt repository that holds just it. */
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
  await options.runner.run({
    argv: ['dpkg-deb', '--root-owner-group', '-Zgzip', '--build', tree, debPath],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
  });
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

/** Modes are set apart from writing: the umask is the caller's, the guest's modes are not. */
async function writeTree(guest: GuestPackage, tree: string): Promise<void> {
  for (const file of guest.files) {
    const path = await placeFor(tree, file.path);
    await writeFile(path, file.contents);
    await chmod(path, file.mode);
  }
  for (const [link, target] of Object.entries(guest.links)) {
    await symlink(target, await placeFor(tree, link));
  }
}

/** Makes the folders above `path`, each of mode 0755. */
async function placeFor(tree: string, path: string): Promise<string> {
  let directory = tree;
  for (const name of ['', ...dirname(path).split('/')]) {
    directory = join(directory, name);
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o755);
  }
  return join(tree, path);
}
