import { once } from 'node:events';
import { chown, open, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';

interface SocketPlace {
  /** A machine's. */
  readonly folder: string;
  readonly name: string;
  /** Who may connect: QEMU's. */
  readonly user: number;
}

/** Listens on a socket in a machine's folder. By the open folder, as the path may be longer than a socket address. */
export async function listenInFolder(
  server: Server,
  { folder, name, user }: SocketPlace,
): Promise<void> {
  const socket = join(folder, name);
  await rm(socket, { force: true });
  const opened = await open(folder, 'r');
  try {
    server.listen(`/proc/self/fd/${opened.fd}/${name}`);
    await once(server, 'listening');
    await chown(socket, user, user);
  } finally {
    await opened.close();
  }
}
