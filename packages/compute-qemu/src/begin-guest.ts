import { chmod } from 'node:fs/promises';
import { isJsonObject, type QmpClient } from '@bakehouse/qmp';

/** QEMU makes its sockets and files: its group may create names in the folder. */
export const folderModeAtStart = 0o770;
/** QEMU uses what it has made. A guest that takes it over cannot replace a file by a link for the server to follow. */
const folderModeOfGuest = 0o710;

/** Lets the guest of a machine begin that was started paused. Repeatable; a guest that has begun is left as it is. */
export async function beginGuest(client: QmpClient, folder: string): Promise<void> {
  const status = await client.execute('query-status');
  if (!isJsonObject(status) || status.status !== 'prelaunch') return;
  await chmod(folder, folderModeOfGuest);
  await client.execute('cont');
}
