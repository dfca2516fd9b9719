import { MetadataStoreError } from '@bakehouse/record-store';

/** True for an error that says, itself or in its cause, that a file system had no room. */
export function isNoSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof MetadataStoreError && error.isDiskFull) return true;
  if ('code' in error && error.code === 'ENOSPC') return true;
  // node:sqlite's code of SQLITE_FULL.
  if ('errcode' in error && (Number(error.errcode) & 0xff) === 13) return true;
  return isNoSpace(error.cause);
}
