import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useTestStores } from '@bakehouse/fakes';
import { openSqliteMetadataStore } from '@bakehouse/metadata-sqlite';
import { afterAll } from 'vitest';
import { oneAfterTheOther } from './one-after-the-other.ts';

/** Test worlds have their records in an SQLite file of the test file's own. */
const folder = await mkdtemp(join(tmpdir(), 'bakehouse-test-store-'));
const store = await openSqliteMetadataStore({ path: join(folder, 'metadata.sqlite') });
useTestStores(oneAfterTheOther(store));

afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});
