import { MetadataStoreError } from '@bakehouse/record-store';

const diskFullCode = 13;

/** SQLite's result codes (primary, low byte; sqlite.org/rescode.html) for which there is specific advice. */
const wayOut: Readonly<Record<number, string>> = {
  5: 'another process has it open: stop that process, or wait until it ends',
  8: 'it may not be written: check the permissions of the file and its folder',
  10: 'the disk failed to read or write: check the disk, and that its file system is not read-only',
  11: 'the file is damaged: restore it from a backup',
  [diskFullCode]: 'the disk is full: free space; nothing of this write was kept',
  14: 'it cannot be opened: check that its folder exists and may be written',
  26: 'it is not an SQLite database: move it away or name another path',
};

/** Adds the path and the way out to an error of node:sqlite. Other errors are returned as they are. */
export function sqliteError(action: string, path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error;
  const code = Number(error.errcode);
  const advice = wayOut[code & 0xff] ?? 'see the cause';
  return new MetadataStoreError(
    `cannot ${action} ${path}: ${error.message} (SQLite ${code}); ${advice}`,
    { database: path, cause: error, isDiskFull: (code & 0xff) === diskFullCode },
  );
}
