import { chown, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { QmpClient } from '@bakehouse/qmp';
import { encode } from 'jpeg-js';
import { machineFileNames } from './machine-files.ts';
import { parsePpm } from './ppm.ts';

const jpegQuality = 80;

/** The guest's screen as a JPEG picture. One at a time for each machine, as they share a file. */
export async function takeScreenshot(client: QmpClient, folder: string): Promise<Uint8Array> {
  const path = join(folder, machineFileNames.screen);
  try {
    // QEMU creates no files in the folder of a guest that has begun.
    const { gid: user } = await stat(folder);
    await writeFile(path, '', { mode: 0o600 });
    await chown(path, user, user);
    await client.execute('screendump', { filename: machineFileNames.screen });
    const picture = parsePpm(await readFile(path));
    return encode({ ...picture, data: Buffer.from(picture.data) }, jpegQuality).data;
  } finally {
    await rm(path, { force: true });
  }
}
