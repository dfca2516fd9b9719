import { FolderFiles } from '../../src/files/folder-files.ts';
import type { StoreFiles } from '../../src/files/store-files.ts';
import { storeLayout } from '../../src/format/store-layout.ts';

/** A store's files whose chunks come when the test lets them, once the gate is shut. */
export interface GatedFiles {
  readonly files: StoreFiles;
  /** Lets one read pass each, in the order in which they came. */
  readonly waiting: readonly (() => void)[];
  shut(): void;
  /** Lets all pass, from now on. */
  open(): void;
}

export function gatedFiles(directory: string): GatedFiles {
  const waiting: (() => void)[] = [];
  let isShut = false;
  const files = new FolderFiles(directory, storeLayout(directory).tmp);
  const { readInto } = files;
  return {
    files: Object.assign(files, {
      async readInto(...args: Parameters<StoreFiles['readInto']>) {
        const isChunk = args[0].startsWith('segments/');
        if (isChunk && isShut) await new Promise<void>((resolve) => waiting.push(resolve));
        return await readInto.apply(files, args);
      },
    }),
    waiting,
    shut() {
      isShut = true;
    },
    open() {
      isShut = false;
      for (const pass of waiting) pass();
    },
  };
}
