import { cpSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { FolderFiles } from '../../src/files/folder-files.ts';
import type { StoreFiles } from '../../src/files/store-files.ts';
import { storeLayout } from '../../src/format/store-layout.ts';

/** A store's folder as it was at one moment, and what had been acknowledged by then. */
export interface Step<Acknowledged> {
  readonly directory: string;
  readonly before: string;
  readonly acknowledged: Acknowledged;
}

/**
 * Copies a store's folder before each change of a file and after each flush: what a process that is killed in that
 * moment leaves. Undone by `vi.restoreAllMocks`.
 */
export async function recordSteps<Acknowledged>(options: {
  readonly directory: string;
  /** Where the copies go. */
  readonly into: string;
  readonly acknowledged: () => Acknowledged;
}): Promise<{ readonly files: StoreFiles; readonly steps: readonly Step<Acknowledged>[] }> {
  const { directory, into, acknowledged } = options;
  const steps: Step<Acknowledged>[] = [];
  const note = (before: string) => {
    const copy = join(into, String(steps.length));
    cpSync(directory, copy, { recursive: true });
    steps.push({ directory: copy, before, acknowledged: acknowledged() });
  };
  await watchHandles(note);
  return { files: steppingFiles(directory, note), steps };
}

async function watchHandles(note: (before: string) => void): Promise<void> {
  await using file = await open(devNull);
  const prototype: Record<string, (...args: unknown[]) => Promise<unknown>> =
    Object.getPrototypeOf(file);
  for (const name of ['write', 'writev', 'truncate', 'datasync', 'sync']) {
    const original = prototype[name];
    vi.spyOn(prototype, name).mockImplementation(async function (this: unknown, ...args) {
      note(name);
      return await original?.apply(this, args);
    });
  }
}

function steppingFiles(directory: string, note: (before: string) => void): StoreFiles {
  const { tmp } = storeLayout(directory);
  const files = new FolderFiles(directory, tmp);
  const stepping =
    <Args extends unknown[], Result>(
      name: string,
      work: (...args: Args) => Promise<Result>,
    ): ((...args: Args) => Promise<Result>) =>
    async (...args) => {
      note(`${name} ${String(args[0])}`);
      const result = await work(...args);
      note(`what follows ${name} ${String(args[0])}`);
      return result;
    };
  return {
    publish: stepping('publish', (name, content) => files.publish(name, content)),
    adopt: stepping('adopt', (name, path) => files.adopt(name, path)),
    remove: stepping('remove', (names) => files.remove(names)),
    shrink: stepping('shrink', (name, sizeBytes) => files.shrink(name, sizeBytes)),
    readInto: (name, offset, target) => files.readInto(name, offset, target),
    sizeOf: (name) => files.sizeOf(name),
    list: (folder) => files.list(folder),
    close: () => files.close(),
  };
}
