import { lastConsoleLine } from '../client/console-output.ts';
import { type ConnectedClient, isServerAway } from '../client/ec2.ts';
import type { InstanceRow } from '../client/instances.ts';
import { CommandFailedError } from '../command.ts';
import type { SshTarget } from '../ssh/ssh-command.ts';
import { waitForSsh } from '../ssh/wait-for-ssh.ts';
import type { StageProgress } from '../terminal/stage.ts';
import { lookForState, waitForState } from './wait-for-state.ts';

/** How often the console is looked at while a guest boots. */
const consoleEveryMs = 3_000;

export interface UsableWait {
  readonly reached: ConnectedClient;
  readonly instanceId: string;
  readonly timeoutMs: number;
  /** Absent for simulated instances: nobody can log in there, so `running` is all. */
  readonly target?: (row: InstanceRow) => SshTarget;
  readonly onProgress: (progress: StageProgress) => void;
}

/** Waits until the instance runs and a login really works; follows its console meanwhile. */
export async function waitUntilUsable(
  { reached, instanceId, timeoutMs, target, onProgress }: UsableWait,
  signal: AbortSignal,
): Promise<InstanceRow> {
  onProgress({ step: 'starting the machine' });
  const running = { ids: [instanceId], state: 'running' } as const;
  const [row] = await waitForState(reached, running, signal);
  if (!row) throw new CommandFailedError(`${instanceId} does not exist any more`);
  if (!target) return row;
  let line = '';
  let lookedAt = 0;
  const onWait = async (step: string) => {
    if (Date.now() - lookedAt > consoleEveryMs) {
      lookedAt = Date.now();
      line = await lastConsoleLine(reached.client, instanceId, signal);
      // Throws when the guest has ended meanwhile.
      await lookForState(reached.client, running, signal).catch((error: unknown) => {
        if (!isServerAway(error)) throw error;
      });
    }
    onProgress({ step, ...(line ? { note: `· ${line}` } : {}) });
  };
  try {
    await waitForSsh({ target: target(row), timeoutMs, onWait }, signal);
  } catch (cause) {
    if (!(cause instanceof CommandFailedError) || signal.aborted) throw cause;
    const lastLine = line ? `; its console ends: ${line}` : '';
    throw new CommandFailedError(
      `${cause.message}${lastLine} (all of it: bakehouse console ${instanceId})`,
      { cause },
    );
  }
  return row;
}
