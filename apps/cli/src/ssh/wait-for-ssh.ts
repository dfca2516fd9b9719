import { execFile } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CommandFailedError } from '../command.ts';
import { hasOwnDoor, noDoor } from './own-door.ts';
import { hasSshBanner } from './ssh-banner.ts';
import { type SshTarget, sshCommand, sshPort } from './ssh-command.ts';

const bannerTimeoutMs = 5_000;
const loginTimeoutMs = 120_000;
const pollMs = 300;

export interface SshWait {
  readonly target: SshTarget;
  readonly timeoutMs: number;
  /** Called now and then: shows progress, and throws when the instance is gone. */
  readonly onWait: (doing: string) => Promise<void>;
}

/** Undefined when the login works, else what ssh said. Without a key of ours, that it asks for one is enough. */
async function tryLogin(target: SshTarget, signal: AbortSignal): Promise<string | undefined> {
  const options = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=60'];
  const [program = '', ...args] = [...sshCommand(target, options), 'true'];
  try {
    await promisify(execFile)(program, args, { timeout: loginTimeoutMs, signal });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Error)) throw error;
    if ('code' in error && error.code === 'ENOENT') {
      throw new CommandFailedError('ssh is not installed: apt-get install openssh-client');
    }
    // Before it, ssh prints which host key it has accepted.
    const lines = 'stderr' in error ? String(error.stderr).trim().split('\n') : [];
    const said = lines.at(-1)?.trim() || 'nothing, it was cut off';
    return !target.identityPath && said.includes('Permission denied') ? undefined : said;
  }
}

/** Resolves when a login by the key really works. Throws with what was seen last when the time is over. */
export async function waitForSsh(wait: SshWait, signal: AbortSignal): Promise<void> {
  const { target, timeoutMs, onWait } = wait;
  const deadline = Date.now() + timeoutMs;
  let seen = `nothing answers on ${target.address} port ${target.port ?? sshPort}; does its security group allow it?`;
  while (Date.now() < deadline) {
    await onWait('waiting for the guest to boot');
    if (!(await hasOwnDoor(target))) seen = noDoor(target);
    else if (await hasSshBanner(target, bannerTimeoutMs)) {
      await onWait('logging in');
      const problem = await tryLogin(target, signal);
      if (problem === undefined) return;
      seen = `ssh says: ${problem}`;
    }
    await setTimeout(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  throw new CommandFailedError(
    `no ssh login on ${target.instanceId} within ${Math.round(timeoutMs / 1000)} s: ${seen}`,
  );
}
