import type { MetadataStore } from '@bakehouse/domain';
import { MemoryMetadataStore } from './memory-metadata-store.ts';

let make = (): MetadataStore => new MemoryMetadataStore();

/** Makes every test world from now on have a store of this kind; for suites that run on several databases. */
export function useTestStores(factory: () => MetadataStore): void {
  make = factory;
}

/** An empty metadata store for a test world: in memory, unless `useTestStores` says otherwise. */
export function newTestStore(): MetadataStore {
  return make();
}
