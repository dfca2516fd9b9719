import { join } from 'node:path';

export interface SshTarget {
  readonly instanceId: string;
  readonly address: string;
  /** Absent: 22. */
  readonly port?: number;
  readonly user: string;
  readonly knownHostsPath: string;
  /** Absent: ssh tries the caller's own keys. */
  readonly identityPath?: string;
}

export const guestUser = 'ec2-user';
export const sshPort = 22;

export const knownHostsPath = (dataDirectory: string) => join(dataDirectory, 'known_hosts');

/** ssh splits the value of this option at blanks. */
const optionPath = (path: string) => (/\s/.test(path) ? `"${path}"` : path);

/**
 * The words of an ssh command. Host keys are known by instance, not by address: addresses are used again
 * by other instances. The first key that an instance shows is remembered.
 */
export function sshCommand(target: SshTarget, options: readonly string[] = []): readonly string[] {
  const { instanceId, address, port = sshPort, user, identityPath } = target;
  const settings = [
    `UserKnownHostsFile=${optionPath(target.knownHostsPath)}`,
    `HostKeyAlias=${instanceId}`,
    'StrictHostKeyChecking=accept-new',
  ];
  return [
    'ssh',
    ...(identityPath ? ['-i', identityPath, '-o', 'IdentitiesOnly=yes'] : []),
    ...settings.flatMap((setting) => ['-o', setting]),
    ...(port === sshPort ? [] : ['-p', `${port}`]),
    ...options,
    `${user}@${address}`,
  ];
}
