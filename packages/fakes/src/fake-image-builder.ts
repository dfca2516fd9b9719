import { setImmediate as nextTurn } from 'node:timers/promises';
import { GiB } from '@bakehouse/base';
import type { BakedDisk, BakeProgress, ImageBuilder } from '@bakehouse/domain';
import { type MemorySources, memoryBlockBytes } from './memory-sources.ts';

const stages = ['bootstrap', 'configure', 'pack'] as const;

export interface FakeBuilderOptions {
  /** Each of its stages takes this long. */
  readonly takeTime?: (signal: AbortSignal | undefined) => Promise<void>;
}

/** `ImageBuilder` whose disks have a few blocks and can be captured from the same world's sources. */
export class FakeImageBuilder implements ImageBuilder {
  readonly recipes = ['bakehouse-linux', 'base'];
  readonly #sources: MemorySources;
  readonly #disks = new Set<string>();
  readonly #takeTime: NonNullable<FakeBuilderOptions['takeTime']>;
  #bakes = 0;

  constructor(
    sources: MemorySources,
    { takeTime = async () => void (await nextTurn()) }: FakeBuilderOptions = {},
  ) {
    this.#sources = sources;
    this.#takeTime = takeTime;
  }

  async bake(options: {
    readonly recipe: string;
    readonly onProgress?: (progress: BakeProgress) => void;
    readonly signal?: AbortSignal;
  }): Promise<BakedDisk> {
    for (const [index, stage] of stages.entries()) {
      options.signal?.throwIfAborted();
      options.onProgress?.({ stage, stageNumber: index + 1, stageCount: stages.length });
      await this.#takeTime(options.signal);
    }
    options.signal?.throwIfAborted();
    this.#bakes += 1;
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

  #finish(recipe: string): BakedDisk {
    const path = `memory:bakes/${recipe}-${this.#bakes}`;
    const source = { kind: 'file', path };
    const blocks = new Map([0, 1, 7].map((index) => [index, `${recipe}-${this.#bakes}/${index}`]));
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
      name: `${recipe}-${this.#bakes}`,
      description: `Baked from the recipe ${recipe} without a guest`,
      architecture: 'x86_64',
      rootDeviceName: '/dev/xvda',
      tags: { recipe },
    };
  }
}
