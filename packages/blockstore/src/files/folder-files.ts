import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isMissing, readFolderIfExists, syncPath, writeFileDurably } from '@bakehouse/host';
import { readError, writeError } from './disk-errors.ts';
import { OpenFiles } from './open-files.ts';
import type { StoreFiles } from './store-files.ts';

/** Files in folders of a local disk; unfinished ones are in `tmp`, on the same file system. */
export class FolderFiles implements StoreFiles {
  readonly #root: string;
  readonly #tmp: string;
  readonly #handles = new OpenFiles();

  constructor(root: string, tmp: string) {
    this.#root = root;
    this.#tmp = tmp;
  }

  async publish(name: string, content: Uint8Array): Promise<void> {
    const path = this.#path(name);
    this.#handles.forget(path);
    try {
      await writeFileDurably(path, content, join(this.#tmp, basename(path)));
    } catch (error) {
      // It may have its name by now, but not for good.
      await rm(path, { force: true });
      throw writeError(error, path);
    }
  }

  async adopt(name: string, localPath: string): Promise<void> {
    const path = this.#path(name);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await rename(localPath, path);
    } catch (error) {
      throw writeError(error, path);
    }
    try {
      await syncPath(dirname(path));
      await syncPath(dirname(localPath));
    } catch (error) {
      await rename(path, localPath);
      throw writeError(error, path);
    }
  }

  async readInto(name: string, offset: number, target: Uint8Array): Promise<number> {
    return this.#handles.read(this.#path(name), { offset, target });
  }

  async sizeOf(name: string): Promise<number> {
    const path = this.#path(name);
    const { size } = await stat(path).catch((error: unknown) => {
      throw readError(error, path);
    });
    return size;
  }

  async remove(names: readonly string[]): Promise<void> {
    const paths = names.map((name) => this.#path(name));
    for (const path of paths) {
      this.#handles.forget(path);
      await rm(path, { force: true });
    }
    for (const folder of new Set(paths.map(dirname))) await syncFolder(folder);
  }

  list(folder: string): Promise<readonly string[]> {
    return readFolderIfExists(this.#path(folder));
  }

  async shrink(name: string, sizeBytes: number): Promise<void> {
    await using file = await open(this.#path(name), 'r+');
    await file.truncate(sizeBytes);
    await file.sync();
  }

  close(): Promise<void> {
    return this.#handles.close();
  }

  #path(name: string): string {
    return join(this.#root, name);
  }
}

/** A folder that was never made has no names to flush. */
async function syncFolder(path: string): Promise<void> {
  await syncPath(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}
