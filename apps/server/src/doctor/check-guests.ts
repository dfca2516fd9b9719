import { messageOf } from '@bakehouse/base';
import { heldMachines } from '@bakehouse/compute-qemu';
import type { Check } from './check.ts';

const common = { area: 'machine', name: 'guests' } as const;

/** One line for each guest that is paused so that the platform has room. Needs no server. */
export async function checkGuests(instancesDirectory: string): Promise<readonly Check[]> {
  const unknown: Check[] = [];
  const held = await heldMachines(instancesDirectory, (instanceId, error) =>
    unknown.push({
      ...common,
      status: 'warn',
      detail: `whether ${instanceId} is paused cannot be read: ${messageOf(error)}`,
      remedy: `repair that file, or remove it and reboot ${instanceId}; until then the guest counts as not paused`,
    }),
  );
  const paused = [...held].map(
    ([instanceId, reason]): Check => ({
      ...common,
      status: 'warn',
      detail: `${instanceId} is paused: ${reason}`,
      remedy: 'bakehouse usage shows what takes space, bakehouse prune frees it',
    }),
  );
  const found = [...paused, ...unknown];
  if (found.length > 0) return found;
  return [{ ...common, status: 'ok', detail: 'none is paused for lack of room' }];
}
