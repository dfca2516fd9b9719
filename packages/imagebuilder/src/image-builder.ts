import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Clock, type Logger, systemClock } from '@bakehouse/base';
import type { BakeProgress, ImageBuilder } from '@bakehouse/domain';
import { type RunCommand, runCommand } from '@bakehouse/host';
import { asRoot, checkNamespaces } from './as-root.ts';
import { bakeCommandRunner } from './bake-command.ts';
import { bakeContext, takeDisk } from './bake-context.ts';
import { takeBakeLock } from './bake-lock.ts';
import { openBakeLog } from './bake-log.ts';
import { type BuilderDirectory, builderDirectory } from './builder-directory.ts';
import type { Recipe } from './recipe.ts';
import { recipeByName, recipeNames } from './recipes.ts';
import type { BakeContext, Stage } from './stage.ts';
import { baseSystem } from './stages/base-system.ts';
import { bootLoader } from './stages/boot-loader.ts';
import { check } from './stages/check.ts';
import { fileSystem } from './stages/file-system.ts';

export interface ImageBuilderOptions {
  /** For the cache, the work files and finished disks; made when missing. One process at a time uses it. */
  readonly directory: string;
  readonly logger: Logger;
  /** Added to the environment of the programs: the proxies for downloads. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly runCommand?: RunCommand;
  readonly clock?: Clock;
  /** 0 bakes as root, any other in a user namespace; the user of this process if not given. */
  readonly userId?: number;
}

const stages: readonly Stage[] = [baseSystem, bootLoader, fileSystem, check];

/** Bakes with mmdebstrap, GRUB and mke2fs, as root or in a user namespace; needs no loop device. */
export function createImageBuilder(options: ImageBuilderOptions): ImageBuilder {
  const directory = builderDirectory(resolve(options.directory));
  const givenOut = new Set<string>();
  return {
    recipes: recipeNames,
    async bake({ recipe: name, onProgress, signal }) {
      const recipe = recipeByName(name);
      signal?.throwIfAborted();
      await makeDirectories(directory);
      await using _lock = await takeBakeLock(directory.lock);
      await using bake = await openBake({ recipe, directory, options, onProgress, signal });
      await removeDisksExcept(directory, givenOut);
      for (const stage of bake.stages) await stage();
      const baked = await bake.takeDisk();
      givenOut.add(baked.path);
      return baked;
    },
    async discard(disk) {
      if (dirname(resolve(disk.path)) !== directory.disks) {
        throw new Error(`${disk.path} is not a disk of this builder (${directory.disks})`);
      }
      await rm(disk.path, { force: true });
      givenOut.delete(disk.path);
    },
  };
}

interface BakeOptions {
  readonly recipe: Recipe;
  readonly directory: BuilderDirectory;
  readonly options: ImageBuilderOptions;
  readonly onProgress: ((progress: BakeProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Starts a bake with an empty work folder, which is removed at the end of the bake. */
async function openBake({ recipe, directory, options, onProgress, signal }: BakeOptions) {
  const userId = options.userId ?? process.getuid?.() ?? 0;
  const logger = options.logger.with({ recipe: recipe.name });
  const log = openBakeLog(directory.log, logger);
  const commands = {
    runCommand: options.runCommand ?? runCommand,
    environment: options.environment ?? {},
    log: log.write,
  };
  const runToTheEnd = bakeCommandRunner(commands);
  const clear = () => runToTheEnd(asRoot(userId, ['rm', '-rf', '--', directory.work]));
  let context: BakeContext;
  try {
    await checkNamespaces(userId, runToTheEnd);
    await clear();
    await mkdir(directory.work, { mode: 0o700 });
    context = await bakeContext({
      recipe,
      directory,
      userId,
      logger,
      signal,
      run: bakeCommandRunner({ ...commands, signal }),
      bakedAt: (options.clock ?? systemClock).now(),
    });
  } catch (error) {
    await log.close();
    throw error;
  }
  return {
    stages: stages.map((stage, index) => async () => {
      const position = { stage: stage.name, stageNumber: index + 1, stageCount: stages.length };
      const report: BakeContext['report'] = (at) => onProgress?.({ ...position, ...at });
      report({ fraction: 0 });
      logger.log('info', 'bake stage', position);
      await stage.run({ ...context, report });
      report({ fraction: 1 });
    }),
    takeDisk: () => takeDisk(context),
    async [Symbol.asyncDispose]() {
      await clear();
      await log.close();
    },
  };
}

async function makeDirectories(directory: BuilderDirectory): Promise<void> {
  await mkdir(directory.root, { recursive: true, mode: 0o700 });
  for (const path of [directory.bases, directory.packages, directory.disks]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  }
}

/** Removes the disks of an earlier process that ended before it discarded them. */
async function removeDisksExcept(directory: BuilderDirectory, kept: ReadonlySet<string>) {
  for (const name of await readdir(directory.disks)) {
    const path = join(directory.disks, name);
    if (!kept.has(path)) await rm(path, { force: true });
  }
}
