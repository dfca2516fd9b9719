import type { MetadataStore } from '@bakehouse/domain';
import { waitOutside } from '@bakehouse/fakes';

/**
 * Hands one database to the test worlds of a file, one world after the other: each begins with an empty one, and the one
 * before gets no replies any more.
 */
export function oneAfterTheOther(shared: MetadataStore): () => MetadataStore {
  let latest: MetadataStore | undefined;
  return () => {
    const emptied = waitOutside(shared.reset([]));
    const call = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      await emptied;
      if (latest !== store) return await new Promise<never>(() => {});
      return await waitOutside(work());
    };
    const store: MetadataStore = {
      read: (work) => call(() => shared.read(work)),
      write: (work) => call(() => shared.write(work)),
      reset: (keep, keptSettings) => call(() => shared.reset(keep, keptSettings)),
      close: async () => {},
    };
    latest = store;
    return store;
  };
}
