import { open } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';

/** `sun_path` of unix(7) without its closing zero. */
const addressBytesMax = 107;

/**
 * Connects to a Unix socket whose path may be longer than a socket address: then through its open folder,
 * `/proc/self/fd/N/NAME`.
 */
export async function connectUnixSocket(path: string, signal: AbortSignal): Promise<Socket> {
  if (Buffer.byteLength(path) <= addressBytesMax) return connected(path, signal);
  const folder = await open(dirname(path), 'r');
  try {
    return await connected(`/proc/self/fd/${folder.fd}/${basename(path)}`, signal);
  } finally {
    await folder.close();
  }
}

function connected(path: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    const finish = () => {
      socket.off('connect', onConnect);
      socket.off('error', onError);
      signal.removeEventListener('abort', onAbort);
    };
    const onConnect = () => {
      finish();
      resolve(socket);
    };
    const onError = (error: Error) => {
      finish();
      reject(error);
    };
    const onAbort = () => {
      finish();
      socket.on('error', () => {});
      socket.destroy();
      reject(signal.reason);
    };
    socket.once('connect', onConnect);
    socket.once('error', onError);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
