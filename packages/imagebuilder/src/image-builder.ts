import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Clock, type Logger, systemClock } from '@bakehouse/base';
import type { BakedDisk, BakeProgress, ImageBuilder } from '@bakehouse/domain';
import { takeBakeLock } from './bake-lock.ts';
import { type BuilderDirectory, builderDirectory } from './builder-directory.ts';
import { type CommandRunner, hostCommandRunner } from './command-runner.ts';
import { customizeScript, readGuestFiles } from './guest-files.ts';
import { guestPackage } from './guest-package.ts';
import { imageName } from './image-id.ts';
import type { Recipe } from './recipe.ts';
import { recipeId } from './recipe-id.ts';
import { recipeByName, recipeNames } from './recipes.ts';
import { asRoot, requireRootPowers } from './root-powers.ts';
import type { BakeContext, RunOptions, Stage } from './stage.ts';
import { baseSystem } from './stages/base-system.ts';
import { bootLoader } from './stages/boot-loader.ts';
import { check } from './stages/check.ts';
import { fileSystem } from './stages/file-system.ts';
import { workFiles } from './work-files.ts';

export interface ImageBuilderOptions {
  /** For cache, work and finished disks; made when missing. One process at a time uses it. */
  readonly directory: string;
  readonly logger: Logger;
  readonly runner?: CommandRunner;
  readonly clock?: Clock;
  /** 0 bakes as root, anything else in a user namespace; by default that of this process. */
  readonly userId?: number;
}

const stages: readonly Stage[] = [baseSystem, bootLoader, fileSystem, check];

/** Bakes with mmdebstrap, GRUB and mke2fs; needs no loop device, and root only where it is there. */
export function createImageBuilder(options: ImageBuilderOptions): ImageBuilder {
  const directory = builderDirectory(resolve(options.directory));
  const handedOut = new Set<string>();
  return {
    recipes: recipeNames,
    async bake({ recipe: name, onProgress, signal }) {
      const recipe = recipeByName(name);
      signal?.throwIfAborted();
      await makeDirectories(directory);
      await using _lock = await takeBakeLock(directory.lock);
      await using oven = await openOven({ recipe, directory, options, onProgress, signal });
      await removeDisksExcept(directory, handedOut);
      for (const stage of oven.stages) await stage();
      const baked = await oven.takeDisk();
      handedOut.add(baked.path);
      return baked;
    },
    async discard(disk) {
      if (dirname(resolve(disk.path)) !== directory.disks) {
        throw new Error(`${disk.path} is not a disk of this builder (${directory.disks})`);
      }
      await rm(disk.path, { force: true });
      handedOut.delete(disk.path);
    },
  };
}

interface OvenOptions {
  readonly recipe: Recipe;
  readonly directory: BuilderDirectory;
  readonly options: ImageBuilderOptions;
  readonly onProgress: ((progress: BakeProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** One bake: an empty work folder, and its removal however the bake ends. */
async function openOven(oven: OvenOptions) {
  const { recipe, directory, options } = oven;
  const runner = options.runner ?? hostCommandRunner;
  const userId = options.userId ?? process.getuid?.() ?? 0;
  const clear = () => runner.run({ argv: asRoot(userId, ['rm', '-rf', '--', directory.work]) });
  await requireRootPowers(userId, runner);
  await clear();
  await mkdir(directory.work, { mode: 0o700 });
  const log = createWriteStream(directory.log, { mode: 0o600 });
  const context = await bakeContext(oven, {
    runner,
    userId,
    log: (line) => log.write(`${line}\n`),
  });
  const logger = options.logger.with({ recipe: recipe.name });
  return {
    stages: stages.map((stage, index) => async () => {
      const position = { stage: stage.name, stageNumber: index + 1, stageCount: stages.length };
      const report: BakeContext['report'] = (at) => oven.onProgress?.({ ...position, ...at });
      report({ fraction: 0 });
      logger.log('info', 'bake stage', position);
      await stage.run({ ...context, report });
      report({ fraction: 1 });
    }),
    takeDisk: () => takeDisk(context),
    async [Symbol.asyncDispose]() {
      await clear();
      await new Promise((done) => log.end(done));
    },
  };
}

async function bakeContext(
  { recipe, directory, options, signal }: OvenOptions,
  host: { runner: CommandRunner; userId: number; log: (line: string) => void },
): Promise<BakeContext> {
  const guest = guestPackage(recipe, await readGuestFiles());
  const customize = await readFile(customizeScript);
  const script = { path: 'customize.sh', mode: 0o755, contents: customize } as const;
  const run: BakeContext['run'] = (argv, runOptions: RunOptions = {}) => {
    const onLine = (line: string) => {
      host.log(line);
      runOptions.onLine?.(line);
    };
    const { environment = {} } = runOptions;
    return host.runner.run({
      argv,
      environment,
      onLine,
      ...(signal === undefined ? {} : { signal }),
    });
  };
  return {
    recipe,
    guestPackage: guest,
    identity: {
      recipeId: recipeId(recipe, [...guest.files, script]),
      bakedAt: (options.clock ?? systemClock).now(),
      stamp: randomBytes(4),
    },
    directory,
    userId: host.userId,
    signal,
    run,
    runAsRoot: (argv, runOptions) => run(asRoot(host.userId, argv), runOptions),
    report: () => {},
    note: (message) => options.logger.log('warn', message, { recipe: recipe.name }),
  };
}

async function takeDisk({ recipe, identity, directory }: BakeContext): Promise<BakedDisk> {
  const name = imageName(recipe, identity.bakedAt);
  const path = join(directory.disks, `${name}.raw`);
  await rename(workFiles(directory).disk, path);
  return {
    path,
    sizeBytes: recipe.diskSizeBytes,
    name,
    description: recipe.description,
    architecture: recipe.architecture,
    rootDeviceName: recipe.rootDeviceName,
    tags: {
      Name: name,
      release: recipe.release,
      recipe: recipe.name,
      'recipe-id': identity.recipeId,
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

/** Disks that an earlier process baked and did not live to discard. */
async function removeDisksExcept(directory: BuilderDirectory, kept: ReadonlySet<string>) {
  for (const name of await readdir(directory.disks)) {
    const path = join(directory.disks, name);
    if (!kept.has(path)) await rm(path, { force: true });
  }
}
