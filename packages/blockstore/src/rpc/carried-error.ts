import { DraftConflictError, MapMissingError } from '@bakehouse/domain';
import {
  ChunkDamagedError,
  ContentMissingError,
  FlushFailedError,
  KeyUnknownError,
  MapDamagedError,
  StoreFormatError,
  StoreFullError,
  StoreLockedError,
} from '../store-errors.ts';
import type { CarriedError } from './rpc-protocol.ts';

/** The errors that keep their class on the way through the socket. */
const carriedClasses: Readonly<Record<string, { readonly prototype: Error }>> = {
  ChunkDamagedError,
  ContentMissingError,
  DraftConflictError,
  FlushFailedError,
  KeyUnknownError,
  MapDamagedError,
  MapMissingError,
  RangeError,
  StoreFormatError,
  StoreFullError,
  StoreLockedError,
};

/** An error of the block server that has no class here: what its source or a bug threw. */
export class BlockServerError extends Error {
  override readonly name = 'BlockServerError';
}

/** What JSON can carry of an error; its stack and cause stay on this side. */
export function encodeError(error: unknown): CarriedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), fields: {} };
  const { name: _name, message: _message, stack: _stack, cause: _cause, ...fields } = { ...error };
  return { name: error.name, message: error.message, fields };
}

/** An error of the same class, message and fields where the class is one of the store's. */
export function decodeError(carried: CarriedError): Error {
  const { name, message, fields } = carried;
  const known = Object.hasOwn(carriedClasses, name) ? carriedClasses[name] : undefined;
  if (known === undefined) return new BlockServerError(`${name}: ${message}`);
  const error: Error = Object.create(known.prototype);
  // Constructors would make the message again, so the instance is put together as it was.
  Error.captureStackTrace(error, decodeError);
  const values = { name, message, ...fields };
  for (const [key, value] of Object.entries(values)) {
    Object.defineProperty(error, key, { value, configurable: true, writable: true });
  }
  return error;
}
