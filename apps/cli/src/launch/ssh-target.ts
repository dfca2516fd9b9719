import type { Connection } from '../client/connection.ts';
import type { InstanceRow } from '../client/instances.ts';
import { guestUser, knownHostsPath, type SshTarget } from '../ssh/ssh-command.ts';

/** How to log in to an instance by a key of the data folder, or without one by the caller's own. */
export function sshTargetOf(
  { dataDirectory, sshPort }: Pick<Connection, 'dataDirectory' | 'sshPort'>,
  row: InstanceRow,
  { privateKeyPath, user = guestUser }: { privateKeyPath?: string; user?: string } = {},
): SshTarget {
  return {
    instanceId: row.instanceId,
    address: row.publicIp,
    ...(sshPort === undefined ? {} : { port: sshPort }),
    user,
    knownHostsPath: knownHostsPath(dataDirectory),
    ...(privateKeyPath ? { identityPath: privateKeyPath } : {}),
  };
}
