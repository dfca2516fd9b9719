/**
 * The store's files that never change: sealed segments, their indexes, and heads of maps. Names are
 * `FOLDER/FILE`, as `store-layout.ts` spells them. A folder on a local disk today; nothing here asks for more than an
 * object store has.
 */
export interface StoreFiles {
  /**
   * Creates or replaces a file; durable when it resolves, and readers see all of it or what was there before.
   * Throws StoreFullError. When it rejects, there is no file of this name: the next opening must not find one.
   */
  publish(name: string, content: Uint8Array): Promise<void>;
  /** Takes a finished file over from this path; durable when it resolves. When it rejects, the file is still there. */
  adopt(name: string, localPath: string): Promise<void>;
  /**
   * Fills `target` from `offset` on and returns how many bytes there were: fewer at the end of the file. A read
   * that began before `remove` may still end well. Throws FileMissingError or UnreadableBytesError.
   */
  readInto(name: string, offset: number, target: Uint8Array): Promise<number>;
  /** Throws FileMissingError. */
  sizeOf(name: string): Promise<number>;
  /** Durable when it resolves. Names that are missing are skipped. */
  remove(names: readonly string[]): Promise<void>;
  /** The names in a folder, without the folder, in no order. A missing folder is empty. */
  list(folder: string): Promise<readonly string[]>;
  /**
   * Cuts the end off a file; durable when it resolves. Only where files share a disk that can be full: it is how
   * prune gains room for what it must copy.
   */
  shrink?(name: string, sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** There is no such file, or no longer. */
export class FileMissingError extends Error {
  override readonly name = 'FileMissingError';

  constructor(path: string, options?: ErrorOptions) {
    super(`${path} is missing`, options);
  }
}

/** The disk cannot read some of a file. */
export class UnreadableBytesError extends Error {
  override readonly name = 'UnreadableBytesError';

  constructor(path: string, offset: number, options?: ErrorOptions) {
    super(`${path} cannot be read at offset ${offset}: look at that disk (dmesg)`, options);
  }
}

/** Bytes at `offset`; fewer at the end of the file. */
export async function readRange(
  files: Pick<StoreFiles, 'readInto'>,
  name: string,
  { offset, lengthBytes }: { readonly offset: number; readonly lengthBytes: number },
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(lengthBytes);
  return bytes.subarray(0, await files.readInto(name, offset, bytes));
}

/** The whole file. */
export async function readWhole(
  files: Pick<StoreFiles, 'readInto' | 'sizeOf'>,
  name: string,
): Promise<Buffer> {
  return readRange(files, name, { offset: 0, lengthBytes: await files.sizeOf(name) });
}
