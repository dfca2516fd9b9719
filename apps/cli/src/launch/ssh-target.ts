import type { InstanceRow } from '../client/instances.ts';
import { guestUser, knownHostsPath, type SshTarget } from '../ssh/ssh-command.ts';

/** How to log in to an instance by a key of the data folder, or without one by the caller's own. */
export function sshTargetOf(
  dataDirectory: string,
  row: InstanceRow,
  { privateKeyPath, user = guestUser }: { privateKeyPath?: string; user?: string } = {},
): SshTarget {
  return {
    instanceId: row.instanceId,
    address: row.publicIp,
    user,
    knownHostsPath: knownHostsPath(dataDirectory),
    ...(privateKeyPath ? { identityPath: privateKeyPath } : {}),
  };
}
