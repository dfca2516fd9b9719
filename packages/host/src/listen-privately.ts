import { chmod, mkdtemp, rename, rm, stat, unlink } from 'node:fs/promises';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import { isMissing } from './files.ts';

/** `sun_path` of unix(7) without its NUL. */
const pathBytesMax = 107;

/** A listening Unix socket that, unless its mode says otherwise, only its owner can open. */
export interface PrivateSocket {
  /** Removes the socket's file, unless another server has put its own there. */
  remove(): Promise<void>;
}

/**
 * Listens at `socketPath`, mode 0600 if not given. The socket is made in a folder of its own and then moved into place, so
 * nobody else can connect before the mode is set, and a socket that a dead server left is replaced at once.
 * When this rejects, the server is closed.
 */
export async function listenPrivately(
  server: Server,
  socketPath: string,
  mode = 0o600,
): Promise<PrivateSocket> {
  const folder = await mkdtemp(join(dirname(socketPath), '.s'));
  const birthPath = join(folder, 's');
  try {
    for (const path of [socketPath, birthPath]) checkLength(path);
    await listening(server, birthPath);
    await chmod(birthPath, mode);
    await rename(birthPath, socketPath);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const { ino } = await stat(socketPath);
  return { remove: () => removeOwn(socketPath, ino) };
}

function checkLength(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= pathBytesMax) return;
  throw new Error(
    `the socket path ${path} has ${bytes} bytes, but Linux allows ${pathBytesMax}; choose a shorter folder`,
  );
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

async function removeOwn(path: string, ino: number): Promise<void> {
  try {
    if ((await stat(path)).ino === ino) await unlink(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
