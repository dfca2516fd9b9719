import type { RecordKind } from '../record-kinds.ts';
import type { HostId } from '../records/common.ts';

/** A record as an earlier version of the program wrote it. */
export interface EarlierRecord {
  readonly id: string;
  readonly [member: string]: unknown;
}

/** What a step may need to know that no record says. */
export interface MigrationFacts {
  /** The host that records are on where none of them says it. */
  readonly hostId?: HostId;
}

/** Converts a record to the next version's form; returns the same object when nothing changes. Pure. */
export type RecordConverter = (kind: RecordKind, record: EarlierRecord) => EarlierRecord;

export interface AddedRecord {
  readonly kind: RecordKind;
  readonly record: EarlierRecord;
}

/**
 * A step from one form of the records to the next. A database applies it once, to every record in one transaction, and
 * remembers that by the step's number (docs/formats/metadata-database.md).
 */
export interface RecordMigration {
  readonly name: string;
  /** The kinds that the converter and `added` look things up in. They are read whole before anything is converted. */
  readonly lookUpKinds: readonly RecordKind[];
  /** `recordsOf` returns the records of the kinds above, as they were before the step. */
  converter(
    recordsOf: (kind: RecordKind) => readonly EarlierRecord[],
    facts: MigrationFacts,
  ): RecordConverter;
  /** Records that the step adds, in their next form; their ids are of no record of their kind. Pure. */
  added?(recordsOf: (kind: RecordKind) => readonly EarlierRecord[]): readonly AddedRecord[];
}
