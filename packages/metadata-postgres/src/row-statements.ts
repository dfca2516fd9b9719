import { type IndexRow, type RowChanges, toColumn } from '@bakehouse/record-store';
import type { Statement } from './postgres-client.ts';
import { writeSql } from './sql.ts';

/** Rows of one statement: bounds what is sent and kept in memory at once. */
const rowsMax = 5_000;

/** The statements of a commit. Rows are sent by columns, and in parts. */
export function rowStatements(changes: RowChanges): readonly Statement[] {
  const kinds = changes.clear;
  const clearing = kinds.length === 0 ? [] : (['clear', 'clearIndex'] as const);
  return [
    ...clearing.map((name) => ({ text: writeSql[name], values: [kinds] })),
    ...inParts('put', changes.put, ({ kind, id, body }) => [kind, id, body]),
    ...inParts('remove', changes.remove, ({ kind, id }) => [kind, id]),
    ...inParts('removeIndex', changes.removeIndex, indexColumns),
    ...inParts('addIndex', changes.addIndex, indexColumns),
  ];
}

function inParts<Row>(
  name: keyof typeof writeSql,
  rows: readonly Row[],
  columnsOf: (row: Row) => readonly string[],
): readonly Statement[] {
  const parts: Statement[] = [];
  for (let from = 0; from < rows.length; from += rowsMax) {
    const lines = rows.slice(from, from + rowsMax).map(columnsOf);
    const values = (lines[0] ?? []).map((_, column) => lines.map((line) => line[column]));
    parts.push({ text: writeSql[name], values, name });
  }
  return parts;
}

function indexColumns({ kind, name, value, region, id }: IndexRow): readonly string[] {
  return [kind, name, toColumn(value), region, id];
}
