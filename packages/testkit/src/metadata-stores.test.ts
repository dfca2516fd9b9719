import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryMetadataStore } from '@bakehouse/fakes';
import { openSqliteMetadataStore } from '@bakehouse/metadata-sqlite';
import { describeMetadataStore, type OpenedMetadataStore } from './index.ts';

describeMetadataStore('MemoryMetadataStore', async () => {
  const store = new MemoryMetadataStore();
  return { store, dispose: () => store.close() };
});

describeMetadataStore('the SQLite store', () => openInNewFolder());

// With no room in the cache every read goes to the database.
describeMetadataStore('the SQLite store without a cache', () => openInNewFolder(0));

async function openInNewFolder(cacheLimitChars?: number): Promise<OpenedMetadataStore> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-metadata-'));
  const open = () =>
    openSqliteMetadataStore({
      path: join(folder, 'metadata.sqlite'),
      ...(cacheLimitChars === undefined ? {} : { cacheLimitChars }),
    });
  let store = await open();
  return {
    store,
    async reopen() {
      await store.close();
      store = await open();
      return store;
    },
    async dispose() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}
