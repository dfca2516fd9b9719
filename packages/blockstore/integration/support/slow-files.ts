import { setTimeout as delay } from 'node:timers/promises';
import { FolderFiles } from '../../src/files/folder-files.ts';
import type { StoreFiles } from '../../src/files/store-files.ts';
import { storeLayout } from '../../src/format/store-layout.ts';

/** A store's files whose chunks take this long to come, as those of an object store do. */
export function slowFiles(directory: string, latencyMs: number): StoreFiles {
  const files = new FolderFiles(directory, storeLayout(directory).tmp);
  return {
    publish: (name, content) => files.publish(name, content),
    adopt: (name, path) => files.adopt(name, path),
    async readInto(name, offset, target) {
      if (name.startsWith('segments/')) await delay(latencyMs);
      return await files.readInto(name, offset, target);
    },
    sizeOf: (name) => files.sizeOf(name),
    remove: (names) => files.remove(names),
    list: (folder) => files.list(folder),
    shrink: (name, sizeBytes) => files.shrink(name, sizeBytes),
    close: () => files.close(),
  };
}
