import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { redact, syncPath } from '@bakehouse/host';
import { fetchOptions } from '../apt-options.ts';
import { type AptSource, debianSources, sourceLine } from '../apt-sources.ts';
import { bootstrapProgressReader } from '../bootstrap-progress.ts';
import { customizeScript } from '../guest-files.ts';
import { baseKey, packageIndexHashes } from '../package-lists.ts';
import type { BakeContext, Stage } from '../stage.ts';
import { workFiles } from '../work-files.ts';
import { writeGuestPackage } from '../write-guest-package.ts';

/** Installs Debian with the guest's package, or takes the base system of an earlier bake with the same input. */
export const baseSystem: Stage = {
  name: 'base system',
  async run(context) {
    context.report({ message: 'package lists' });
    const sources = await hostSources(context);
    const key = await currentKey(context, sources);
    const cached = key === undefined ? await newestBase(context) : basePath(context, key);
    if (cached === undefined) throw new Error(unreachableMessage(sources));
    if (!(await isFile(cached))) await install(context, { sources, target: cached });
    await link(cached, workFiles(context.directory).base);
    await removeOtherBases(context, cached);
  },
};

function unreachableMessage(sources: readonly AptSource[]): string {
  const uris = [...new Set(sources.map((source) => source.uri))].join(', ');
  return redact(
    `cannot fetch the package lists from ${uris}, and there is no base system of an earlier bake; check the network and the host's apt sources`,
  );
}

async function hostSources(context: BakeContext): Promise<AptSource[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch((): string[] => []);
  const paths = [
    '/etc/apt/sources.list',
    ...names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(folder, name)),
  ];
  const files = await Promise.all(
    paths.map(async (path) => ({ path, text: await readFile(path, 'utf8').catch(() => '') })),
  );
  return debianSources(files, context.recipe.debianSuite);
}

/** Undefined when the lists cannot be fetched; an earlier base system is used then. */
async function currentKey(
  context: BakeContext,
  sources: readonly AptSource[],
): Promise<string | undefined> {
  const hashes: string[] = [];
  for (const [index, source] of sources.entries()) {
    const uri = `${source.uri.replace(/\/$/, '')}/dists/${source.suite}/InRelease`;
    const target = join(context.directory.work, `release-${index}`);
    try {
      const helper = '/usr/lib/apt/apt-helper';
      await context.run([helper, '-oAPT::Sandbox::User=root', 'download-file', uri, target]);
    } catch (error) {
      context.signal?.throwIfAborted();
      context.warn(
        'cannot fetch the package lists; using the base system of an earlier bake',
        error,
      );
      return undefined;
    }
    const release = await readFile(target, 'utf8');
    hashes.push(...packageIndexHashes(release, context.recipe.debianArchitecture));
  }
  return baseKey(context.identity.recipeId, hashes);
}

function basePath(context: BakeContext, key: string): string {
  return join(context.directory.bases, `${key}.tar`);
}

async function newestBase(context: BakeContext): Promise<string | undefined> {
  const prefix = baseKey(context.identity.recipeId, []).split('-')[0] ?? '';
  const names = (await readdir(context.directory.bases)).filter((name) => name.startsWith(prefix));
  const dated = await Promise.all(
    names.map(async (name) => {
      const path = join(context.directory.bases, name);
      return { path, changedAt: (await stat(path)).mtimeMs };
    }),
  );
  return dated.sort((a, b) => b.changedAt - a.changedAt)[0]?.path;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Hooks of mmdebstrap: shell text, with the new root as `$1`. */
const takeCachedPackages =
  'mkdir -p "$1/var/cache/apt/archives" && find "$BAKEHOUSE_PACKAGES" -name "*.deb" ' +
  '-exec cp -l -t "$1/var/cache/apt/archives" {} +';
const keepPackages =
  'mkdir "$BAKEHOUSE_PACKAGES.new" && find "$1/var/cache/apt/archives" -maxdepth 1 -name "*.deb" ' +
  '-exec cp -l -t "$BAKEHOUSE_PACKAGES.new" {} + && rm -rf "$BAKEHOUSE_PACKAGES" && ' +
  'mv "$BAKEHOUSE_PACKAGES.new" "$BAKEHOUSE_PACKAGES"';

/**
 * Shell text that runs its arguments while the host's own apt state is read-only. mmdebstrap runs the host's apt for
 * the new root; a fault in that must fail, never change the host.
 */
const withHostAptReadOnly =
  'for state in /var/lib/apt /var/cache/apt /var/lib/dpkg; do [ -d "$state" ] || continue; ' +
  'mount --bind "$state" "$state"; mount -o remount,bind,ro "$state"; done; exec "$@"';

async function install(
  context: BakeContext,
  options: { readonly sources: readonly AptSource[]; readonly target: string },
): Promise<void> {
  const { recipe, directory } = context;
  const files = workFiles(directory);
  const repository = await writeGuestPackage(context.guestPackage, {
    directory: files.guestPackage,
    run: context.run,
  });
  await writeFile(files.aptOptions, await aptOptions(context), { mode: 0o644 });
  await mkdir(files.temporary, { mode: 0o755 });
  await rm(`${directory.packages}.new`, { recursive: true, force: true });
  const read = bootstrapProgressReader();
  await context.runAsRoot(
    [
      ...['sh', '-ec', withHostAptReadOnly, 'sh'],
      'mmdebstrap',
      '--verbose',
      '--mode=root',
      '--variant=minbase',
      '--format=tar',
      `--architectures=${recipe.debianArchitecture}`,
      `--include=${recipe.packages.join(',')}`,
      `--aptopt=${files.aptOptions}`,
      // The finished tar file is flushed to the disk as a whole.
      '--dpkgopt=force-unsafe-io',
      '--dpkgopt=path-exclude=/usr/share/man/*',
      '--dpkgopt=path-exclude=/usr/share/locale/*',
      '--dpkgopt=path-exclude=/usr/share/doc/*',
      '--dpkgopt=path-include=/usr/share/doc/*/copyright',
      '--skip=essential/unlink',
      `--setup-hook=${takeCachedPackages}`,
      `--customize-hook=${keepPackages}`,
      `--customize-hook=${customizeScript} "$1"`,
      recipe.debianSuite,
      `${files.base}.new`,
      ...options.sources.map((source) => sourceLine(source)),
      `deb [trusted=yes] copy://${repository} ./`,
    ],
    {
      environment: { TMPDIR: files.temporary, ...customizeEnvironment(context) },
      onLine: (line) => {
        const progress = read(line);
        if (progress !== undefined) context.report(progress);
      },
    },
  );
  // Later bakes trust the file by its name, so it must be complete on disk before it is renamed.
  await syncPath(`${files.base}.new`);
  await rename(`${files.base}.new`, options.target);
  await syncPath(context.directory.bases);
}

async function aptOptions(context: BakeContext): Promise<string> {
  const dump = await context.run(['apt-config', 'dump'], { isSecret: true });
  const ownOptions = [
    'APT::Install-Recommends "false";',
    'Acquire::Languages "none";',
    // The sandbox user of apt has no access to the builder's folder.
    'APT::Sandbox::User "root";',
  ];
  return `${ownOptions.join('\n')}\n${fetchOptions(dump)}`;
}

function customizeEnvironment({ recipe, directory }: BakeContext): Record<string, string> {
  return {
    BAKEHOUSE_PACKAGES: directory.packages,
    BAKEHOUSE_SUITE: recipe.debianSuite,
    BAKEHOUSE_RELEASE: recipe.release,
    BAKEHOUSE_MASKED_UNITS: recipe.maskedUnits.join(' '),
    BAKEHOUSE_MASKED_GENERATORS: recipe.maskedGenerators.join(' '),
    BAKEHOUSE_UNITS_ON_DEMAND: recipe.unitsOnDemand.join(' '),
  };
}

/** Keeps one base system, as each takes hundreds of megabytes. */
async function removeOtherBases(context: BakeContext, kept: string): Promise<void> {
  for (const name of await readdir(context.directory.bases)) {
    const path = join(context.directory.bases, name);
    if (path !== kept) await rm(path, { force: true });
  }
}
