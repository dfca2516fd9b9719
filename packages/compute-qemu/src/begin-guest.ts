import { chmod, stat } from 'node:fs/promises';
import type { InstanceId } from '@bakehouse/domain';
import { assertPlainNames } from '@bakehouse/host';
import { isJsonObject, type QmpClient } from '@bakehouse/qmp';
import { MachineStartError } from './compute-errors.ts';
import { isNameOfQemu } from './machine-files.ts';
import { runStateOf } from './monitor.ts';

/** QEMU makes its sockets and files: its group may create names in the folder, and remove no others than its own. */
export const folderModeAtStart = 0o1770;
/** QEMU uses what it has made. A guest that takes it over cannot replace a file by a link for the server to follow. */
const folderModeOfGuest = 0o710;

interface GuestToBegin {
  readonly folder: string;
  readonly instanceId: InstanceId;
  /** The machine may have loaded the memory of a template. */
  readonly isRestored?: boolean;
}

/**
 * Lets the guest of a machine begin that was started paused. Repeatable; a guest that has begun is left as it is.
 * QEMU has read disks by now, which may have been made to take it over, and it could make names in the folder: rejects
 * when any of them is not what QEMU makes, and when the monitor is another machine's.
 */
export async function beginGuest(
  client: QmpClient,
  { folder, instanceId, isRestored = false }: GuestToBegin,
): Promise<void> {
  const { gid: user } = await stat(folder);
  // A machine that a release without jails started has begun.
  if (user === 0) return;
  await chmod(folder, folderModeOfGuest);
  await assertPlainNames(folder, { user, mayMake: isNameOfQemu });
  await assertOwnMonitor(client, instanceId);
  // Memory that was kept has the state of its guest, which was stopped then.
  const waiting: readonly unknown[] = isRestored ? ['prelaunch', 'paused'] : ['prelaunch'];
  if (waiting.includes(await runStateOf(client))) await client.execute('cont');
}

/** The connection is older than the look at the names: a link may have led it elsewhere. */
async function assertOwnMonitor(client: QmpClient, instanceId: InstanceId): Promise<void> {
  const found = await client.execute('query-name');
  if (isJsonObject(found) && found.name === instanceId) return;
  throw new MachineStartError(`the monitor of ${instanceId} is not that of its machine`);
}
