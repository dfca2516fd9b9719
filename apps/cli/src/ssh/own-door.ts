import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CommandFailedError } from '../command.ts';
import { listenerOwner } from './listener-owner.ts';
import type { SshTarget } from './ssh-command.ts';

/**
 * Whether the port of ssh is the platform's, which may be too early yet. Without root any user of the host may listen there
 * before the platform does, and is refused here by name. With root, which names no port, nobody can.
 */
export async function hasOwnDoor(
  target: Pick<SshTarget, 'address' | 'port' | 'knownHostsPath'>,
): Promise<boolean> {
  const { address, port, knownHostsPath } = target;
  if (port === undefined) return true;
  const owner = listenerOwner(await readFile('/proc/net/tcp', 'utf8'), { address, port });
  if (owner === undefined) return false;
  // The platform is who has its data folder.
  const { uid } = await stat(dirname(knownHostsPath));
  if (owner.userId === uid) return !owner.isEverywhere;
  throw new CommandFailedError(
    `${address} port ${port} is not the guest's: a program of user ${owner.userId} of this host listens there. End it ('bakehouse doctor' names such ports); the platform then opens the port by itself`,
  );
}

export const noDoor = ({ address, port }: Pick<SshTarget, 'address' | 'port'>): string =>
  `the platform has not opened ${address} port ${port}; does its security group allow it? 'bakehouse doctor' names ports that cannot be opened`;
