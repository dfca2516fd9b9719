import { randomBytes } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger, TimestampMs } from '@bakehouse/base';
import type { BakedDisk } from '@bakehouse/domain';
import { syncPath } from '@bakehouse/host';
import { asRoot } from './as-root.ts';
import type { RunBakeCommand } from './bake-command.ts';
import type { BuilderDirectory } from './builder-directory.ts';
import { customizeScript, readGuestFiles } from './guest-files.ts';
import { guestPackage } from './guest-package.ts';
import { imageName } from './image-id.ts';
import type { Recipe } from './recipe.ts';
import { recipeId } from './recipe-id.ts';
import type { BakeContext } from './stage.ts';
import { workFiles } from './work-files.ts';

/** What all stages of a bake get. Reports no progress: each stage gets its own `report`. */
export async function bakeContext(bake: {
  readonly recipe: Recipe;
  readonly directory: BuilderDirectory;
  readonly userId: number;
  readonly logger: Logger;
  readonly signal: AbortSignal | undefined;
  readonly run: RunBakeCommand;
  readonly bakedAt: TimestampMs;
}): Promise<BakeContext> {
  const { recipe, directory, userId, logger, signal, run, bakedAt } = bake;
  const guest = guestPackage(recipe, await readGuestFiles());
  const customize = await readFile(customizeScript);
  const script = { path: 'customize.sh', mode: 0o755, contents: customize } as const;
  return {
    recipe,
    guestPackage: guest,
    identity: {
      recipeId: recipeId(recipe, [...guest.files, script]),
      bakedAt,
      stamp: randomBytes(4),
    },
    directory,
    userId,
    signal,
    run,
    runAsRoot: (argv, options) => run(asRoot(userId, argv), options),
    report: () => {},
    warn: (message, error) => logger.log('warn', message, { error }),
  };
}

/**
 * Moves the finished disk out of the work folder. Disk and folder are flushed, so a record that names the disk never
 * exists without it.
 */
export async function takeDisk({ recipe, identity, directory }: BakeContext): Promise<BakedDisk> {
  const name = imageName(recipe, identity.bakedAt);
  const path = join(directory.disks, `${name}.raw`);
  const { disk } = workFiles(directory);
  await syncPath(disk);
  await rename(disk, path);
  await syncPath(directory.disks);
  return {
    path,
    source: { kind: 'file', path },
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
