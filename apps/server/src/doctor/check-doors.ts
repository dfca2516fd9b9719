import { findShutDoors } from '@bakehouse/network';
import type { Check } from './check.ts';

const named = { area: 'network', name: "guests' ports" } as const;

/** A line for each port of a guest that the host's programs should reach, and do not. `isServed`: by an active server. */
export async function checkDoors(
  runtimeDirectory: string,
  { isServed }: { readonly isServed: boolean },
): Promise<readonly Check[]> {
  const shut = await findShutDoors(runtimeDirectory);
  if (shut === undefined) return isServed ? [noReply] : [];
  if (shut.length === 0) return [{ ...named, status: 'ok', detail: 'open on the host as wanted' }];
  return shut.map((why) => ({
    ...named,
    status: 'fail',
    detail: `cannot be opened on the host, so who connects does not reach the guest: ${why}`,
    remedy:
      'ss -ltnpe names who listens there; when that has ended, the server opens the port within a minute',
  }));
}

const noReply: Check = {
  ...named,
  status: 'warn',
  detail: "the process of guests' public addresses does not reply",
  remedy:
    'wait a minute for the server to start it again; logs/doors.log in the data folder says why it ends',
};
