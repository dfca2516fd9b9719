import { type FileHandle, open } from 'node:fs/promises';
import { readError } from './disk-errors.ts';
import { readHandle } from './read-handle.ts';

interface OpenFile {
  readonly handle: Promise<FileHandle>;
  readers: number;
  isForgotten: boolean;
}

/** A store of 16 TiB has tens of thousands of segments: those read last stay open. */
const openFilesMax = 256;

/** Files open for reading: opened by the first read, closed when others are read more. */
export class OpenFiles {
  /** In order of use, the last used at the end. */
  readonly #files = new Map<string, OpenFile>();

  async read(
    path: string,
    range: { readonly offset: number; readonly target: Uint8Array },
  ): Promise<number> {
    const file = this.#take(path);
    try {
      return await readHandle(await file.handle, path, range);
    } catch (error) {
      throw readError(error, path, range.offset);
    } finally {
      file.readers -= 1;
      if (file.isForgotten) closeUnused(file);
    }
  }

  /** The next read opens the file again. Reads that have begun end well. */
  forget(path: string): void {
    const file = this.#files.get(path);
    if (file === undefined) return;
    this.#files.delete(path);
    file.isForgotten = true;
    closeUnused(file);
  }

  /** Waits for reads that have begun. */
  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map(async ({ handle }) => (await handle).close()));
  }

  #take(path: string): OpenFile {
    const found = this.#files.get(path);
    const file = found ?? { handle: open(path, 'r'), readers: 0, isForgotten: false };
    // Deleted and set again, it is the last in order.
    this.#files.delete(path);
    this.#files.set(path, file);
    file.readers += 1;
    if (found === undefined) {
      // A file that could not be opened is not remembered.
      file.handle.catch(() => this.#files.get(path) === file && this.#files.delete(path));
      this.#closeOldest();
    }
    return file;
  }

  #closeOldest(): void {
    if (this.#files.size <= openFilesMax) return;
    const [oldest] = this.#files.keys();
    if (oldest !== undefined) this.forget(oldest);
  }
}

function closeUnused(file: OpenFile): void {
  if (file.readers > 0) return;
  file.handle.then((handle) => handle.close()).catch(() => {});
}
