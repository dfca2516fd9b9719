import { messageOf } from '@bakehouse/base';
import { EarlierSchemaError } from '@bakehouse/metadata-sqlite';
import { MetadataStoreError } from '@bakehouse/record-store';
import { type Config, UsageError } from '../config.ts';
import type { DataDirectory } from '../data-directory.ts';
import { findKeyProblem } from '../parameter-key.ts';
import { lookIntoRecords } from '../records-place.ts';
import type { Check } from './check.ts';

function failedLook(error: unknown): Check {
  const common = { area: 'data', name: 'records', detail: messageOf(error) } as const;
  // A start converts them.
  if (error instanceof EarlierSchemaError) return { ...common, status: 'ok' };
  const isRefused = error instanceof UsageError || error instanceof MetadataStoreError;
  return { ...common, status: isRefused ? 'fail' : 'warn' };
}

/**
 * Whether a start takes the records and their key, judged as the start does, in its words. Only while no server has the
 * folder. With PostgreSQL it is only checked that the folder's records are in that database.
 */
export async function checkRecords(
  config: Pick<Config, 'metadataUrl' | 'compute'>,
  data: DataDirectory,
): Promise<readonly Check[]> {
  try {
    const path = data.parameterKey;
    const checks = await lookIntoRecords(config, data, async (metadata): Promise<Check[]> => {
      const key = await findKeyProblem({ path, metadata });
      const records = {
        area: 'data',
        name: 'records',
        status: 'ok',
        detail: data.metadata,
      } as const;
      if (!key) return [records];
      const { problem: detail, remedy } = key;
      return [records, { area: 'data', name: 'parameter key', status: 'warn', detail, remedy }];
    });
    return checks ?? [];
  } catch (error) {
    return [failedLook(error)];
  }
}
