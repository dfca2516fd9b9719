/** The database could not be opened, read or written; the words name its path and the way out. */
export class MetadataStoreError extends Error {
  override readonly name = 'MetadataStoreError';
  readonly path: string;
  /** True when there was no room for what was to be written; nothing of it was kept. */
  readonly isDiskFull: boolean;

  constructor(message: string, path: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.path = path;
    this.isDiskFull = sqliteCode(cause) === fullDiskCode;
  }
}

const fullDiskCode = 13;

/** SQLite's primary result code; undefined for other errors. */
function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}

/** Result codes of SQLite (primary, low byte) that have a way out of their own; sqlite.org/rescode.html. */
const wayOut: Readonly<Record<number, string>> = {
  5: 'another process holds it: stop that process, or wait until it ends',
  8: 'it may not be written: check the permissions of the file and its folder',
  10: 'the disk did not read or write: check the disk, and that its file system is not read-only',
  11: 'the file is damaged: restore it from a backup',
  [fullDiskCode]: 'the disk is full: make room; nothing of this write was kept',
  14: 'it cannot be opened: check that its folder exists and may be written',
  26: 'it is no SQLite database: move it away or name another path',
};

/** Gives an error of node:sqlite the operands that it lacks; other errors pass as they are. */
export function storeError(action: string, path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error;
  const code = Number(error.errcode);
  const advice = wayOut[code & 0xff] ?? 'see the cause';
  return new MetadataStoreError(
    `cannot ${action} ${path}: ${error.message} (SQLite ${code}); ${advice}`,
    path,
    error,
  );
}
