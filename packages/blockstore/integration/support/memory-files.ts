import { readFile, rm } from 'node:fs/promises';
import { FileMissingError, type StoreFiles } from '../../src/files/store-files.ts';

/** Files as an object store has them: nothing can be cut, and folders are parts of names. */
export class MemoryFiles implements StoreFiles {
  readonly #files = new Map<string, Uint8Array>();

  async publish(name: string, content: Uint8Array): Promise<void> {
    this.#files.set(name, Uint8Array.from(content));
  }

  async adopt(name: string, localPath: string): Promise<void> {
    this.#files.set(name, await readFile(localPath));
    await rm(localPath);
  }

  async readInto(name: string, offset: number, target: Uint8Array): Promise<number> {
    const part = this.#get(name).subarray(offset, offset + target.length);
    target.set(part);
    return part.length;
  }

  async sizeOf(name: string): Promise<number> {
    return this.#get(name).length;
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) this.#files.delete(name);
  }

  async list(folder: string): Promise<readonly string[]> {
    const prefix = `${folder}/`;
    return [...this.#files.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
  }

  async close(): Promise<void> {}

  #get(name: string): Uint8Array {
    const file = this.#files.get(name);
    if (file === undefined) throw new FileMissingError(name);
    return file;
  }
}
