import { readFile } from 'node:fs/promises';

/** Schema versions of which there is a database. */
export type EarlierVersion = 1 | 2;

/**
 * The SQL of a metadata database that an earlier version wrote.
 * - 1: commit 9de58a1, with seeded images (encrypted ones, one without a mapping), a bake, instances, snapshots and images,
 *   and three pieces of work that its end interrupted.
 * - 2: commit fb4a786, with seeded images of every root and boot, an instance of each, and images made of instances and of a
 *   snapshot.
 */
export const readEarlierDatabase = (version: EarlierVersion): Promise<string> =>
  readFile(new URL(`earlier-records-${version}.sql`, import.meta.url), 'utf8');
