import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface FoundBytes {
  readonly path: string;
  readonly offset: number;
}

/** Where these bytes are in the segments of a block store: random data is stored as it is. */
export async function findInSegments(dataDirectory: string, bytes: Buffer): Promise<FoundBytes> {
  const folder = join(dataDirectory, 'blocks', 'segments');
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.seg')) continue;
    const path = join(folder, name);
    await using file = await open(path);
    const offset = (await file.readFile()).indexOf(bytes);
    if (offset >= 0) return { path, offset };
  }
  throw new Error(`no segment in ${folder} has these bytes`);
}

/** Turns one bit of a byte, as a failing disk would; once more, and it is as it was. */
export async function flipBit({ path, offset }: FoundBytes): Promise<void> {
  await using file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 0x10]), 0, 1, offset);
  await file.datasync();
}
