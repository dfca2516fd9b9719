import { setTimeout } from 'node:timers/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { errorCode } from '../client/ec2.ts';
import { type InstanceRow, listInstances } from '../client/instances.ts';
import { CommandFailedError } from '../command.ts';

const pollMs = 250;
/** A stop waits for the guest, then forces it; a start may wait for a place to run. */
const limitMs = 10 * 60_000;

/** States that never become the one that is waited for. */
const hopeless: Readonly<Record<string, readonly string[]>> = {
  running: ['shutting-down', 'terminated', 'stopping', 'stopped'],
  stopped: ['shutting-down', 'terminated'],
  terminated: [],
};

export interface StateWait {
  readonly ids: readonly string[];
  readonly state: 'running' | 'stopped' | 'terminated';
  readonly onRows?: (rows: readonly InstanceRow[]) => void;
}

/** A launch is in the list a moment after it is answered. */
async function rowsOf(client: EC2Client, ids: readonly string[], signal: AbortSignal) {
  try {
    return await listInstances(client, signal, { ids });
  } catch (error) {
    if (errorCode(error) === 'InvalidInstanceID.NotFound') return [];
    throw error;
  }
}

/** Resolves when all are in the state; fails at once, with the reason, when one can never be. */
export async function waitForState(
  client: EC2Client,
  { ids, state, onRows }: StateWait,
  signal: AbortSignal,
): Promise<readonly InstanceRow[]> {
  for (const deadline = Date.now() + limitMs; Date.now() < deadline; ) {
    const rows = await rowsOf(client, ids, signal);
    onRows?.(rows);
    const lost = rows.find((row) => hopeless[state]?.includes(row.state));
    if (lost) {
      const why = lost.reason ? `: ${lost.reason}` : '';
      throw new CommandFailedError(`${lost.instanceId} is ${lost.state}, not ${state}${why}`);
    }
    if (rows.length === ids.length && rows.every((row) => row.state === state)) return rows;
    await setTimeout(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  throw new CommandFailedError(
    `${ids.join(', ')} did not become ${state} within ${limitMs / 60_000} minutes; see 'bakehouse instances' and the server's log`,
  );
}
