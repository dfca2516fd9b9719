import { CommandFailedError } from '../command.ts';
import { makeKnownHosts } from './make-known-hosts.ts';
import { hasOwnDoor, noDoor } from './own-door.ts';
import { runAttached } from './run-attached.ts';
import { type SshTarget, sshCommand } from './ssh-command.ts';

/** Runs ssh on this terminal, with these words after the target, and returns its exit code. */
export async function logIn(
  target: SshTarget,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  if (!(await hasOwnDoor(target))) throw new CommandFailedError(noDoor(target));
  await makeKnownHosts(target.knownHostsPath);
  const hint = 'apt-get install openssh-client';
  return await runAttached([...sshCommand(target), ...words], { env, hint });
}
