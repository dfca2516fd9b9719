import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MiB } from '@bakehouse/base';
import { readPlainFile } from '@bakehouse/host';
import type { QmpClient } from '@bakehouse/qmp';
import { encode } from 'jpeg-js';
import { machineFileNames } from './machine-files.ts';
import { parsePpm } from './ppm.ts';

const jpegQuality = 80;
/** The largest screen of the machine's card has 16 MiB of memory, of which a picture has three bytes for each four. */
const pictureBytesMax = 64 * MiB;

/** The guest's screen as a JPEG picture. One at a time for each machine, as they share a file. */
export async function takeScreenshot(
  client: Pick<QmpClient, 'execute'>,
  folder: string,
): Promise<Uint8Array> {
  const path = join(folder, machineFileNames.screen);
  try {
    // QEMU creates no files in the folder of a guest that has begun.
    await makeFor((await stat(folder)).gid, path);
    await client.execute('screendump', { filename: machineFileNames.screen });
    const bytes = await readPlainFile(path, { bytesMax: pictureBytesMax });
    const picture = parsePpm(bytes ?? Buffer.alloc(0));
    return encode({ ...picture, data: Buffer.from(picture.data) }, jpegQuality).data;
  } finally {
    await rm(path, { force: true });
  }
}

async function makeFor(user: number, path: string): Promise<void> {
  await rm(path, { force: true });
  const file = await open(path, 'wx', 0o600);
  await file.chown(user, user).finally(() => file.close());
}
