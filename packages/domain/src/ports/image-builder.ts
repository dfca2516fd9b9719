import type { BlockSourceRef } from './block-source.ts';

export interface BakeProgress {
  readonly stage: string;
  /** 1-based. */
  readonly stageNumber: number;
  readonly stageCount: number;
  /** 0 to 1 within the stage, where it is known. */
  readonly fraction?: number;
  readonly message?: string;
}

export interface BakedDisk {
  /** A raw, sparse disk image with a boot record. */
  readonly path: string;
  /** Where a capture reads it. */
  readonly source: BlockSourceRef;
  readonly sizeBytes: number;
  readonly name: string;
  readonly description: string;
  readonly architecture: 'x86_64' | 'arm64';
  readonly rootDeviceName: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Makes a bootable disk from a recipe. */
export interface ImageBuilder {
  /** The names that `bake` knows. */
  readonly recipes: readonly string[];
  /** Safe to interrupt: an aborted or killed bake leaves nothing that a later one does not clean up. */
  bake(options: {
    readonly recipe: string;
    readonly onProgress?: (progress: BakeProgress) => void;
    readonly signal?: AbortSignal;
  }): Promise<BakedDisk>;
  /** Removes the disk of an earlier bake. */
  discard(disk: BakedDisk): Promise<void>;
}
