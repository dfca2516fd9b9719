import {
  describeMetadataStore,
  type OpenedMetadataStore,
  startPostgres,
  type TestPostgres,
} from '@bakehouse/testkit';
import { afterAll, beforeAll } from 'vitest';
import { type ActiveStore, openActiveStore } from './open-active.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres({ durable: false });
});
afterAll(() => postgres[Symbol.asyncDispose]());

describeMetadataStore(
  'the PostgreSQL store',
  emptied((url) => openActiveStore({ url })),
);
describeMetadataStore(
  'the PostgreSQL store without a cache',
  emptied((url) => openActiveStore({ url, cacheLimitChars: 0 })),
);

/** All tests of a suite use one database, which is emptied before each. */
function emptied(open: (url: string) => Promise<ActiveStore>): () => Promise<OpenedMetadataStore> {
  let url: string | undefined;
  return async () => {
    url ??= await postgres.createDatabase();
    const path = url;
    let opened = await open(path);
    await opened.store.reset([]);
    return {
      store: opened.store,
      async reopen() {
        await opened.close();
        opened = await open(path);
        return opened.store;
      },
      dispose: () => opened.close(),
    };
  };
}
