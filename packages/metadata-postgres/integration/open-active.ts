import type { MetadataStore, MigrationFacts } from '@bakehouse/domain';
import { type Elected, openPostgresPlatform, type PostgresOptions } from '../src/index.ts';

export interface ActiveStore {
  readonly store: MetadataStore;
  readonly elected: Elected;
  /** Hands over to the next one that is elected. */
  close(): Promise<void>;
}

/** The store of a standby, when it has been elected. */
export async function openActiveStore(
  options: PostgresOptions,
  facts?: MigrationFacts,
): Promise<ActiveStore> {
  const platform = await openPostgresPlatform(options);
  const elected = await platform.candidate('').elected(new AbortController().signal);
  try {
    const store = await platform.openActive(elected, facts);
    return {
      store,
      elected,
      async close() {
        await store.close();
        await elected.lease.release();
      },
    };
  } catch (error) {
    await elected.lease.release();
    throw error;
  }
}
