import { readFile, stat } from 'node:fs/promises';
import { MiB, messageOf, type TimestampMs } from '@bakehouse/base';
import { SeedError, type SeedRecords, seedImages } from '@bakehouse/orchestration';
import { UsageError } from './config.ts';

/** More than all public images of a region take. */
const seedBytesMax = 256 * MiB;

/** The records of a `--seed` file. Throws UsageError for a file that cannot be read or does not fit. */
export async function readSeed(path: string, now: TimestampMs): Promise<SeedRecords> {
  try {
    const { size } = await stat(path);
    if (size > seedBytesMax) throw new SeedError(`the file has more than ${seedBytesMax} bytes`);
    return seedImages(JSON.parse(await readFile(path, 'utf8')), { now });
  } catch (error) {
    throw new UsageError(`--seed ${path}: ${messageOf(error)}`);
  }
}
