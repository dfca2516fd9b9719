import { hasCode, isMissing } from '@bakehouse/host';
import { StoreFullError } from '../store-errors.ts';
import { FileMissingError, UnreadableBytesError } from './store-files.ts';

const fullCodes = ['ENOSPC', 'EDQUOT'] as const;

/** A lack of room becomes StoreFullError; other errors stay as they are. */
export function writeError(error: unknown, path: string): unknown {
  const isFull = fullCodes.some((code) => hasCode(error, code));
  return isFull ? new StoreFullError(path, { cause: error }) : error;
}

/** A missing file and a bad sector become errors of their own; others stay as they are. */
export function readError(error: unknown, path: string, offset = 0): unknown {
  if (isMissing(error)) return new FileMissingError(path, { cause: error });
  if (hasCode(error, 'EIO')) return new UnreadableBytesError(path, offset, { cause: error });
  return error;
}
