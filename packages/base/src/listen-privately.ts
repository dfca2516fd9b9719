import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { withUmask } from './with-umask.ts';

/**
 * Listens on a Unix socket that only this user can open; one that a killed process left is replaced. The socket
 * is bound within the call to `listen`.
 */
export async function listenPrivately(server: Server, socketPath: string): Promise<void> {
  await rm(socketPath, { force: true });
  const listening = once(server, 'listening');
  withUmask(0o177, () => server.listen(socketPath));
  await listening;
}
