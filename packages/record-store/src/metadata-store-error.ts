interface StoreErrorDetails {
  /** A path, or a URL without its password. */
  readonly database: string;
  readonly cause?: unknown;
  readonly isDiskFull?: boolean;
  readonly isUnavailable?: boolean;
}

/** The database could not be opened, read or written; the message names it and the way out. */
export class MetadataStoreError extends Error {
  override readonly name = 'MetadataStoreError';
  readonly database: string;
  /** True when there was no room for what was to be written; nothing of it was kept. */
  readonly isDiskFull: boolean;
  /** True when the same may succeed later, or by another server of the platform. */
  readonly isUnavailable: boolean;

  constructor(message: string, details: StoreErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.database = details.database;
    this.isDiskFull = details.isDiskFull ?? false;
    this.isUnavailable = details.isUnavailable ?? false;
  }
}
