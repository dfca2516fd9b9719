import type { EC2Client } from '@aws-sdk/client-ec2';
import { lastConsoleLine } from '../client/console-output.ts';
import type { InstanceRow } from '../client/instances.ts';
import { CommandFailedError } from '../command.ts';
import type { SshTarget } from '../ssh/ssh-command.ts';
import { waitForSsh } from '../ssh/wait-for-ssh.ts';
import type { StageProgress } from '../terminal/stage.ts';
import { waitForState } from './wait-for-state.ts';

/** How often the console is looked at while a guest boots. */
const consoleEveryMs = 3_000;

export interface UsableWait {
  readonly client: EC2Client;
  readonly instanceId: string;
  readonly timeoutMs: number;
  /** Absent for simulated instances: nobody can log in there, so `running` is all. */
  readonly target?: (row: InstanceRow) => SshTarget;
  readonly onProgress: (progress: StageProgress) => void;
}

/** Waits until the instance runs and a login really works; follows its console meanwhile. */
export async function waitUntilUsable(
  { client, instanceId, timeoutMs, target, onProgress }: UsableWait,
  signal: AbortSignal,
): Promise<InstanceRow> {
  onProgress({ step: 'starting the machine' });
  const [row] = await waitForState(client, { ids: [instanceId], state: 'running' }, signal);
  if (!row) throw new CommandFailedError(`${instanceId} is gone`);
  if (!target) return row;
  let line = '';
  let lookedAt = 0;
  const onWait = async (step: string) => {
    if (Date.now() - lookedAt > consoleEveryMs) {
      lookedAt = Date.now();
      line = await lastConsoleLine(client, instanceId, signal);
      // Throws when the guest has ended meanwhile.
      await waitForState(client, { ids: [instanceId], state: 'running' }, signal);
    }
    onProgress({ step, ...(line ? { note: `· ${line}` } : {}) });
  };
  try {
    await waitForSsh({ target: target(row), timeoutMs, onWait }, signal);
  } catch (cause) {
    if (!(cause instanceof CommandFailedError) || signal.aborted) throw cause;
    const told = line ? `; its console ends: ${line}` : '';
    throw new CommandFailedError(
      `${cause.message}${told} (all of it: bakehouse console ${instanceId})`,
      { cause },
    );
  }
  return row;
}
