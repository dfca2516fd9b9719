import { useTestStores } from '@bakehouse/fakes';
import { openPostgresPlatform } from '@bakehouse/metadata-postgres';
import { createTestDatabase } from '@bakehouse/testkit';
import { afterAll, inject } from 'vitest';
import { oneAfterTheOther } from './one-after-the-other.ts';

/** Test worlds have their records in PostgreSQL: the active server's store on a database of the test file's own. */
const url = await createTestDatabase(inject('postgresFolder'));
const platform = await openPostgresPlatform({ url });
const elected = await platform.candidate('').elected(new AbortController().signal);
const store = await platform.openActive(elected);
useTestStores(oneAfterTheOther(store));

afterAll(async () => {
  await store.close();
  await elected.lease.release();
});
