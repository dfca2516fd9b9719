import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface FoundBytes {
  readonly path: string;
  readonly offset: number;
}

/** Where these bytes are in the segments of a block store: random data is stored as it is. */
export async function findInSegments(dataDirectory: string, bytes: Buffer): Promise<FoundBytes> {
  const store = join(dataDirectory, 'blocks');
  for (const folder of ['segments', 'tail']) {
    for (const name of await readdir(join(store, folder))) {
      if (!name.endsWith('.seg')) continue;
      const path = join(store, folder, name);
      await using file = await open(path);
      const offset = (await file.readFile()).indexOf(bytes);
      if (offset >= 0) return { path, offset };
    }
  }
  throw new Error(`no segment in ${store} has these bytes`);
}

/** Flips one bit of a byte, as a failing disk would; a second call restores it. */
export async function flipBit({ path, offset }: FoundBytes): Promise<void> {
  await using file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 0x10]), 0, 1, offset);
  await file.datasync();
}
