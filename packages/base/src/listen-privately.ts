import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Server } from 'node:net';

/**
 * Listens on a Unix socket that only this user can open; one that a killed process left is replaced. The socket
 * is bound within the call to `listen`, so the umask, which is the whole process's, is narrow for no longer.
 */
export async function listenPrivately(server: Server, socketPath: string): Promise<void> {
  await rm(socketPath, { force: true });
  const listening = once(server, 'listening');
  const umask = process.umask(0o177);
  try {
    server.listen(socketPath);
  } finally {
    process.umask(umask);
  }
  await listening;
}
