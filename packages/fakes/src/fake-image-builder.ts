import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, compactUtc, GiB, secondMs } from '@bakehouse/base';
import type { BakedDisk, BakeProgress, ImageBuilder } from '@bakehouse/domain';
import { type MemorySources, memoryBlockBytes } from './memory-sources.ts';

const architecture = 'x86_64';
const stages = ['bootstrap', 'configure', 'pack'] as const;

export interface FakeBuilderOptions {
  /** What `bake` knows. The recipes of the real builder unless given. */
  readonly recipes?: readonly string[];
  /** Each of its stages takes this long. */
  readonly takeTime?: (signal: AbortSignal | undefined) => Promise<void>;
}

/** `ImageBuilder` whose disks have a few blocks and can be captured from the same world's sources. */
export class FakeImageBuilder implements ImageBuilder {
  readonly recipes: readonly string[];
  readonly #clock: Pick<Clock, 'now'>;
  readonly #sources: MemorySources;
  readonly #disks = new Set<string>();
  readonly #takeTime: NonNullable<FakeBuilderOptions['takeTime']>;
  /** The second that the last disk is named after. */
  #lastSecond = 0;

  constructor(
    { clock, sources }: { readonly clock: Pick<Clock, 'now'>; readonly sources: MemorySources },
    {
      recipes = ['bakehouse-linux'],
      takeTime = async () => void (await nextTurn()),
    }: FakeBuilderOptions = {},
  ) {
    this.recipes = recipes;
    this.#clock = clock;
    this.#sources = sources;
    this.#takeTime = takeTime;
  }

  async bake(options: {
    readonly recipe: string;
    readonly onProgress?: (progress: BakeProgress) => void;
    readonly signal?: AbortSignal;
  }): Promise<BakedDisk> {
    if (!this.recipes.includes(options.recipe)) {
      throw new Error(`there is no recipe '${options.recipe}'`);
    }
    for (const [index, stage] of stages.entries()) {
      options.signal?.throwIfAborted();
      options.onProgress?.({ stage, stageNumber: index + 1, stageCount: stages.length });
      await this.#takeTime(options.signal);
    }
    options.signal?.throwIfAborted();
    return this.#finish(options.recipe);
  }

  async discard(disk: BakedDisk): Promise<void> {
    this.#sources.withdraw(disk.source);
    this.#disks.delete(disk.path);
  }

  /** Disks that nobody has discarded. */
  get disks(): readonly string[] {
    return [...this.#disks];
  }

  /**
   * Unique by its time to the second, as the real builder's names, so that no name comes again after a restart. A disk
   * that is made within the same second as the last one is named after the next.
   */
  #nextName(recipe: string): string {
    const second = Math.floor(this.#clock.now() / secondMs);
    this.#lastSecond = Math.max(second, this.#lastSecond + 1);
    return `${recipe}-${architecture}-${compactUtc(this.#lastSecond * secondMs)}`;
  }

  #finish(recipe: string): BakedDisk {
    const name = this.#nextName(recipe);
    const path = `memory:bakes/${name}`;
    const source = { kind: 'file', path };
    const blocks = new Map([0, 1, 7].map((index) => [index, `${name}/${index}`]));
    const sizeBytes = 2 * GiB;
    this.#sources.offer(source, {
      sizeBytes,
      blocks,
      changed: [...blocks.keys()].filter((i) => i * memoryBlockBytes < sizeBytes),
    });
    this.#disks.add(path);
    return {
      path,
      source,
      sizeBytes,
      name,
      description: `Baked from the recipe ${recipe} without a guest`,
      architecture,
      rootDeviceName: '/dev/xvda',
      tags: { recipe },
    };
  }
}
