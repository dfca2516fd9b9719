import type { EC2Client } from '@aws-sdk/client-ec2';
import { minuteMs } from '@bakehouse/base';
import { adminOptions } from '../client/admin.ts';
import { awsErrorCode, type ConnectedClient, isServerAway } from '../client/ec2.ts';
import { type InstanceRow, listInstances } from '../client/instances.ts';
import { CommandFailedError } from '../command.ts';

/** A stop waits for the guest, then forces it; a start may wait for a place to run. */
const limitMs = 10 * minuteMs;

/** States from which the one that is waited for is never reached. */
const deadEnds: Readonly<Record<string, readonly string[]>> = {
  running: ['shutting-down', 'terminated', 'stopping', 'stopped'],
  stopped: ['shutting-down', 'terminated'],
  terminated: [],
};

export interface StateWait {
  readonly ids: readonly string[];
  readonly state: 'running' | 'stopped' | 'terminated';
  readonly onRows?: (rows: readonly InstanceRow[]) => void;
}

/** An instance appears in the list a moment after RunInstances has returned. */
async function rowsOf(client: EC2Client, ids: readonly string[], signal: AbortSignal) {
  try {
    return await listInstances(client, signal, { ids });
  } catch (error) {
    if (awsErrorCode(error) === 'InvalidInstanceID.NotFound') return [];
    throw error;
  }
}

/** The instances when all are in the state, else undefined. Throws, with the reason, when one cannot reach it. */
export async function lookForState(
  client: EC2Client,
  { ids, state, onRows }: StateWait,
  signal: AbortSignal,
): Promise<readonly InstanceRow[] | undefined> {
  const rows = await rowsOf(client, ids, signal);
  onRows?.(rows);
  const lost = rows.find((row) => deadEnds[state]?.includes(row.state));
  if (lost) {
    const why = lost.reason ? `: ${lost.reason}` : '';
    throw new CommandFailedError(`${lost.instanceId} is ${lost.state}, not ${state}${why}`);
  }
  const isDone = rows.length === ids.length && rows.every((row) => row.state === state);
  return isDone ? rows : undefined;
}

/** Resolves when all are in the state, over restarts of the server. Throws at once when one cannot reach it. */
export async function waitForState(
  { client, connection }: ConnectedClient,
  wait: StateWait,
  signal: AbortSignal,
): Promise<readonly InstanceRow[]> {
  const { watchUntil } = await import('@bakehouse/aws-wire');
  const { eventNamesMax } = await import('@bakehouse/admin-api');
  const limit = AbortSignal.timeout(limitMs);
  const either = AbortSignal.any([signal, limit]);
  const look = () => lookForState(client, wait, either);
  try {
    const watched = wait.ids.length > eventNamesMax ? { kinds: ['instance'] } : { ids: wait.ids };
    const watch = { ...watched, look, isAway: isServerAway };
    return await watchUntil(adminOptions(connection), watch, either);
  } catch (error) {
    if (!limit.aborted || signal.aborted) throw error;
    throw new CommandFailedError(
      `${wait.ids.join(', ')} did not become ${wait.state} within ${limitMs / minuteMs} minutes; see 'bakehouse instances' and the server's log`,
      { cause: error },
    );
  }
}
