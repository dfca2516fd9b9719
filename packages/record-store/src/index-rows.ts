import { createHash } from 'node:crypto';
import {
  indexValues,
  type RecordKind,
  type RecordKinds,
  recordIndexes,
  regionOf,
} from '@bakehouse/domain';
import type { IndexRow } from './record-database.ts';

/** The index rows of a record, by a key that distinguishes the rows of one record. */
export function indexRows<K extends RecordKind>(
  kind: K,
  record: RecordKinds[K],
): ReadonlyMap<string, IndexRow> {
  const region = regionOf(record);
  return new Map(
    indexValues(kind, record).map(([name, value]) => [
      `${region}\0${name}\0${value}`,
      { kind, name, value, region, id: record.id },
    ]),
  );
}

/** Raise it when index functions change their meaning but not their text, or when columns change their form. */
const indexFormat = 2;

/**
 * Names the index definitions that rows were made by: their names and source text, and the form of the columns. A database
 * whose rows were made by others builds its index again.
 */
export function indexDefinitionHash(): string {
  const definitions = Object.entries(recordIndexes).map(([kind, indexes]) => [
    kind,
    Object.entries(indexes).map(([name, valuesOf]) => [name, String(valuesOf)]),
  ]);
  return createHash('sha256')
    .update(JSON.stringify([indexFormat, definitions]))
    .digest('hex');
}
